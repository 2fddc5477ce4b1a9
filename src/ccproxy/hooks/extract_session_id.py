"""`extract_session_id`: which session and which conversation a request belongs to."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import orjson

from ccproxy.pipeline.body import Body
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import hook

DIGITS = 12
"""Hexadecimal digits of an id."""
SEPARATOR = "_session_"
BEGINNING = 8
"""Messages among which the user's first is looked for: instructions may come before it."""
CONVERSATIONS = ("messages", "input", "contents", "request.contents")
SYSTEMS = ("system", "instructions", "systemInstruction", "system_instruction", "request.systemInstruction")


def is_model_call(ctx: Context) -> bool:
    """True for a request with a body to an endpoint of a known format."""
    return ctx.exchange.format is not None and ctx.exchange.method == "POST"


@hook(
    stage="inbound",
    reads=["metadata", "prompt_cache_key", "request.session_id", "headers.session_id", "messages", "system"],
    writes=["exchange.session", "exchange.conversation", "exchange.system_hash"],
    guard=is_model_call,
)
def extract_session_id(ctx: Context, params: None) -> None:
    """Notes the client's session, and ids by which the turns of one conversation and of one system prompt are found.

    The session is what the client itself tells of it (`SESSIONS`). A conversation is known by the first words of its
    user, which every turn repeats.
    """
    body, facts = ctx.body, ctx.exchange
    session = next((found for find in SESSIONS if (found := find(ctx))), None)
    if session is not None:
        facts.session = session
    opening = first_words(body)
    if opening is not None:
        facts.conversation = digest(opening.encode("utf-8", "replace") or b"flow:" + facts.id.encode())
    system = next((found for path in SYSTEMS if (found := body.get(path))), None)
    if system is not None:
        facts.system_hash = digest(orjson.dumps(system, option=orjson.OPT_SORT_KEYS))


def digest(data: bytes) -> str:
    """The beginning of the data's SHA-256."""
    return sha256(data).hexdigest()[:DIGITS]


def of_user_id(ctx: Context) -> str | None:
    """From Anthropic's `metadata.user_id`: JSON with `session_id`, or `user_…_account_…_session_ID`."""
    user_id = ctx.body.get("metadata.user_id")
    if not isinstance(user_id, str):
        return None
    if user_id.startswith("{"):
        try:
            found = orjson.loads(user_id)
        except orjson.JSONDecodeError:
            return None
        return text(found.get("session_id"))
    before, separator, session = user_id.partition(SEPARATOR)
    return session if before and separator and SEPARATOR not in session else None


def text(value: Any) -> str | None:
    """The value if it is a text that says something."""
    return value if isinstance(value, str) and value else None


SESSIONS: tuple[Callable[[Context], str | None], ...] = (
    of_user_id,
    lambda ctx: text(ctx.body.get("metadata.session_id")),
    lambda ctx: ctx.headers.get("session_id"),
    lambda ctx: text(ctx.body.get("prompt_cache_key")),
    lambda ctx: text(ctx.body.get("request.session_id")),
)
"""Where clients tell their session: Claude Code, others of its kind, Codex (twice), Gemini CLI."""


def first_words(body: Body) -> str | None:
    """The first text of the user's first message; empty if it has none, None if there is no message of a user."""
    for path in CONVERSATIONS:
        if isinstance(said := body.get(f"{path}.0"), dict):
            for number in range(BEGINNING):
                said = body.get(f"{path}.{number}")
                if isinstance(said, dict) and said.get("role", "user") == "user":
                    return text_of(said.get("content", said.get("parts")))
            return None
    return text(body.get("input"))


def text_of(content: Any) -> str:
    """The first text among the parts of a message."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return next((found for found in texts if isinstance(found, str) and found), "")
