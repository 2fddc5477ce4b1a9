"""`extract_session_id`: which session and which conversation a request belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from ccproxy.exchange import WireFormat, get_header
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject

type Object = dict[str, Any]

DIGITS = 12
"""Hexadecimal digits of an id."""
SEPARATOR = "_session_"
BEGINNING = 8
"""Messages among which the user's first is looked for: instructions may come before it."""
WRITES = ("exchange.session", "exchange.conversation", "exchange.system_hash")
INSTRUCTING = ("system", "developer")
"""Roles of messages that are a system prompt."""


def has_call(subject: Subject) -> bool:
    """True for a request with a body to an endpoint of a known format."""
    return subject.draft.format is not None and subject.exchange.request.method == "POST"


@native_hook(
    "inbound",
    reads=["metadata", "prompt_cache_key", "request.session_id", "headers.session_id", "messages.**", "system.**"],
    writes=WRITES,
    guard=has_call,
)
def extract_session_id(subject: Subject) -> tuple[str, ...]:
    """Notes the client's session, and ids by which the turns of one conversation and of one system prompt are found.

    The session is what the client itself tells of it, in the way of its format. A conversation is known by the first
    words of its user, which every turn repeats. Raises NotJson.
    """
    document, format, exchange = subject.draft.document(), subject.draft.format, subject.exchange
    if format is None or not isinstance(document, dict):
        return ()
    form = FORMS[format]
    session = next((told for find in form.sessions if (told := find(subject, document))), None)
    call = inner if form.wrapped and isinstance(inner := document.get("request"), dict) else document
    opening = first_words(call.get(form.conversation), form)
    system = system_prompt(call, form)
    found = (
        session,
        digest(opening.encode("utf-8", "replace") or b"flow:" + exchange.id.encode()) if opening is not None else None,
        hash_of(system) if system is not None else None,
    )
    exchange.session, exchange.conversation, exchange.system_hash = found
    return tuple(path for path, value in zip(WRITES, found, strict=True) if value is not None)


def digest(data: bytes) -> str:
    """The beginning of the data's SHA-256."""
    return sha256(data).hexdigest()[:DIGITS]


def hash_of(value: Any) -> str | None:
    """The digest of a JSON value, whatever the order of its members; None for one that is nested too deeply."""
    try:
        return digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    except TypeError:  # orjson reads 1024 levels and writes 254
        return None


def of_metadata(_: Subject, document: Object) -> str | None:
    """From `metadata`: Anthropic's `user_id`, which is JSON with a `session_id`, or ends in one; or `session_id`."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return None
    user_id = text(metadata.get("user_id")) or ""
    before, session = user_id.split(SEPARATOR) if user_id.count(SEPARATOR) == 1 else ("", "")
    if before and session and before[0] != "{":
        return session
    return (of_json(user_id) if user_id.startswith("{") else None) or text(metadata.get("session_id"))


def of_json(user_id: str) -> str | None:
    """Claude Code's way of late."""
    try:
        return text(orjson.loads(user_id).get("session_id"))
    except (orjson.JSONDecodeError, AttributeError):
        return None


def of_header(subject: Subject, _: Object) -> str | None:
    """Codex's way."""
    value = get_header(subject.headers, b"session_id")
    return value.decode("latin-1") if value else None


def of_cache_key(_: Subject, document: Object) -> str | None:
    """Codex's other way, and that of many who use OpenAI's SDK."""
    return text(document.get("prompt_cache_key"))


def of_envelope(_: Subject, document: Object) -> str | None:
    """Gemini CLI's way."""
    call = document.get("request")
    return text(call.get("session_id")) if isinstance(call, dict) else None


def text(value: Any) -> str | None:
    """The value if it is a text that says something."""
    return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Form:
    """Where a format has its conversation, the content of a message, the system prompt, and a word of the session."""

    conversation: str
    content: str
    systems: tuple[str, ...]
    sessions: tuple[Callable[[Subject, Object], str | None], ...]
    wrapped: bool = False
    """Whether some clients wrap the call in an envelope."""
    users: tuple[str | None, ...] = ("user",)
    """What a message of the user has for a role."""


FORMS: dict[WireFormat, Form] = {
    WireFormat.ANTHROPIC: Form("messages", "content", ("system",), (of_metadata,)),
    WireFormat.OPENAI: Form("messages", "content", (), (of_metadata, of_cache_key)),
    WireFormat.OPENAI_RESPONSES: Form("input", "content", ("instructions",), (of_header, of_cache_key, of_metadata)),
    WireFormat.GEMINI: Form(
        "contents",
        "parts",
        ("systemInstruction", "system_instruction"),
        (of_envelope,),
        wrapped=True,
        users=("user", None),
    ),
}


def first_words(conversation: Any, form: Form) -> str | None:
    """The first text of the user's first message; empty if it has none, None if there is no message of a user."""
    if not isinstance(conversation, list):
        return text(conversation)
    for message in conversation[:BEGINNING]:
        if isinstance(message, dict) and form.content in message and message.get("role") in form.users:
            return first_text(message[form.content])
    return None


def first_text(content: Any) -> str:
    """The first text among the parts of a message, which may be a text itself."""
    if not isinstance(content, list):
        return text(content) or ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return next((found for found in texts if isinstance(found, str) and found), "")


def system_prompt(call: Object, form: Form) -> Any:
    """What the format has a member for, else a first message that is one; None if there is neither."""
    found = next((found for name in form.systems if (found := call.get(name))), None)
    conversation = call.get(form.conversation)
    first = conversation[0] if isinstance(conversation, list) and conversation else None
    if found is None and isinstance(first, dict) and first.get("role") in INSTRUCTING:
        return first.get(form.content) or None
    return found
