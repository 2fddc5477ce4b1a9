"""`extract_session_id`: which session and which conversation a request belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.body import Body
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import hook

DIGITS = 12
"""Hexadecimal digits of an id."""
SEPARATOR = "_session_"
BEGINNING = 8
"""Messages among which the user's first is looked for: instructions may come before it."""
INSTRUCTING = ("system", "developer")
"""Roles of messages that are a system prompt."""


def is_model_call(ctx: Context) -> bool:
    """True for a request with a body to an endpoint of a known format."""
    return ctx.exchange.format is not None and ctx.exchange.method == "POST"


@hook(
    stage="inbound",
    reads=["metadata", "prompt_cache_key", "request.session_id", "headers.session_id", "messages.**", "system.**"],
    writes=["exchange.session", "exchange.conversation", "exchange.system_hash"],
    guard=is_model_call,
)
def extract_session_id(ctx: Context, params: None) -> None:
    """Notes the client's session, and ids by which the turns of one conversation and of one system prompt are found.

    The session is what the client itself tells of it, in the way of its format. A conversation is known by the first
    words of its user, which every turn repeats.
    """
    facts, body = ctx.exchange, ctx.body
    form = FORMS[facts.format]
    session = next((found for find in form.sessions if (found := find(ctx))), None)
    if session is not None:
        facts.session = session
    within = form.envelope if form.envelope and body.has(form.envelope + form.conversation) else ""
    opening = first_words(body, within, form)
    if opening is not None:
        facts.conversation = digest(opening.encode("utf-8", "replace") or b"flow:" + facts.id.encode())
    system = system_prompt(body, within, form)
    if system is not None:
        facts.system_hash = hash_of(system)


def digest(data: bytes) -> str:
    """The beginning of the data's SHA-256."""
    return sha256(data).hexdigest()[:DIGITS]


def hash_of(value: Any) -> str | None:
    """The digest of a JSON value, whatever the order of its members; None for one that is nested too deeply."""
    try:
        return digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    except TypeError:  # orjson reads 1024 levels and writes 254
        return None


def of_metadata(ctx: Context) -> str | None:
    """From `metadata`: Anthropic's `user_id`, which is JSON with a `session_id`, or ends in one; or `session_id`."""
    if not ctx.body.has("metadata"):
        return None
    user_id = text(ctx.body.get("metadata.user_id")) or ""
    before, _, session = user_id.partition(SEPARATOR)
    if before and session and SEPARATOR not in session and before[0] != "{":
        return session
    return (of_json(user_id) if user_id.startswith("{") else None) or text(ctx.body.get("metadata.session_id"))


def of_json(user_id: str) -> str | None:
    """Claude Code's way of late."""
    try:
        return text(orjson.loads(user_id).get("session_id"))
    except (orjson.JSONDecodeError, AttributeError):
        return None


def of_header(ctx: Context) -> str | None:
    """Codex's way."""
    return ctx.headers.get("session_id")


def of_cache_key(ctx: Context) -> str | None:
    """Codex's other way, and that of many who use OpenAI's SDK."""
    return text(ctx.body.get("prompt_cache_key"))


def of_envelope(ctx: Context) -> str | None:
    """Gemini CLI's way."""
    return text(ctx.body.get("request.session_id"))


def text(value: Any) -> str | None:
    """The value if it is a text that says something."""
    return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class Form:
    """Where a format has its conversation, the content of a message, the system prompt, and a word of the session."""

    conversation: str
    content: str
    systems: tuple[str, ...]
    sessions: tuple[Callable[[Context], str | None], ...]
    envelope: str = ""
    """What some clients wrap the call in."""
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
        envelope="request.",
        users=("user", None),
    ),
}


def first_words(body: Body, within: str, form: Form) -> str | None:
    """The first text of the user's first message; empty if it has none, None if there is no message of a user."""
    conversation = within + form.conversation
    for number in range(BEGINNING):
        content = f"{conversation}.{number}.{form.content}"
        if body.get(f"{conversation}.{number}.role") in form.users and body.has(content):
            return first_text(body, content)
    return text(body.get(conversation))


def first_text(body: Body, content: str) -> str:
    """The first text among the parts of a message, which may be a text itself."""
    if body.has(f"{content}.0"):
        texts = body.get(f"{content}.*.text")
        return next((found for found in texts if isinstance(found, str) and found), "")
    return text(body.get(content)) or ""


def system_prompt(body: Body, within: str, form: Form) -> Any:
    """What the format has a member for, else a first message that is one; None if there is neither."""
    found = next((found for path in form.systems if (found := body.get(within + path))), None)
    first = f"{within}{form.conversation}.0"
    if found is None and body.get(f"{first}.role") in INSTRUCTING:
        return body.get(f"{first}.{form.content}") or None
    return found
