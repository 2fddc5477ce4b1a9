"""What a request says of itself: who asks (by the system prompt), with how many tools, and in what words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ccproxy.flows.events import value_of
from ccproxy.flows.lineage.canon import INSTRUCTING
from ccproxy.flows.lineage.listener import objects, sealed

BEGINNING = 256
"""Characters of a system prompt by which it is known: further on there may be dates and directories."""
TITLE = 80
MARKUP = re.compile(r"<([A-Za-z][\w-]*)[^>]*>.*</\1>", re.DOTALL)
"""What clients put among the user's words: reminders, the output of commands."""
REMINDER = "<system-reminder"
"""What Claude Code tells the model by itself."""
SECRET = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abpr]|hf|AKIA|AIza|ya29|eyJ)[-_.]?[\w.-]{12,}"
    r"|(?i:\bbearer\s+)[\w.~+/-]{8,}=*"
)
SYSTEMS = ("system", "instructions", "systemInstruction", "system_instruction")


@dataclass(slots=True, frozen=True)
class Asking:
    """What a request has beside its messages."""

    agent: str = ""
    """The digest of how its system prompt begins; empty without one."""
    tools: int = 0
    most_tokens: int | None = None
    """The most that may be answered."""
    previous: str | None = None
    """The response that it follows, where the provider remembers it."""


def asking(rest: bytes, first: list[Any], id: bytes = b"") -> Asking:
    """Read from a body without its messages, and from the first of these: a system prompt may be among them.

    `id` is what the client itself calls the agent.
    """
    body = value_of(rest)
    body = body if isinstance(body, dict) else {}
    call = inner if isinstance(inner := body.get("request"), dict) else body
    systems = [text for name in SYSTEMS for text in texts(call.get(name))]
    systems += [text for each in objects(first) if each.get("role") in INSTRUCTING for text in said_in(each)]
    longest = max(systems, key=len, default="")
    most = call.get("max_tokens")
    previous = call.get("previous_response_id")
    return Asking(
        known_by(longest[:BEGINNING].encode("utf-8", "replace") + id),
        len(tools) if isinstance(tools := call.get("tools"), list) else 0,
        most if isinstance(most, int) else None,
        previous if isinstance(previous, str) else None,
    )


def known_by(beginning: bytes) -> str:
    """The digest of what an agent is known by; empty if that is nothing."""
    return blake2b(beginning, digest_size=6).hexdigest() if beginning else ""


def texts(content: Any) -> Iterator[str]:
    """The texts of a message's content, in any of the formats."""
    if isinstance(content, str):
        yield content
    if isinstance(content, dict):
        content = content.get("parts")
    for block in objects(content):
        if isinstance(text := block.get("text"), str):
            yield text


def said_in(message: Any) -> list[str]:
    """The texts of a message."""
    if not isinstance(message, dict):
        return list(texts(message))
    found = [text for name in ("content", "parts") for text in texts(message.get(name))]
    return [*found, text] if isinstance(text := sealed(message), str) else found


def is_users(message: Any) -> bool:
    """Whether a message is the user's, or the result of a tool."""
    return isinstance(message, str) or (isinstance(message, dict) and message.get("role", "user") == "user")


def title_of(message: Any) -> str | None:
    """The first of the user's own words, on one line, credentials left out; None if there are none."""
    if isinstance(message, dict) and sealed(message):
        return None
    own = [text.strip() for text in said_in(message) if text.strip()]
    plain = [text for text in own if not MARKUP.fullmatch(text)]
    plain = plain or [text for text in own if not text.startswith(REMINDER)]
    if not plain:
        return None
    words = SECRET.sub("[redacted]", " ".join(plain[-1][: 4 * TITLE].split()))
    return words if len(words) <= TITLE else words[: TITLE - 1] + "…"
