"""What of an answer can turn up again as the beginning of a conversation: orders to sub-agents, lines of a summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ccproxy.exchange import Exchange
from ccproxy.flows.events import undone, value_of, values_in
from ccproxy.flows.lineage.listener import Listener
from ccproxy.flows.lineage.spoken import answers_spoken

ORDERS = ("prompt", "message", "task", "objective", "instructions", "query", "request", "input")
"""Arguments by which tools that start a sub-agent are told what to do (Claude Code, opencode: `prompt`; Codex:
`message`; Gemini CLI: `objective`)."""
MOST_LINES = 200
TAG = re.compile(r"</?\w+>")
SHORTEST = 8
"""Characters of a line that says anything."""


@dataclass(slots=True, frozen=True)
class Heard:
    """What a model said, as digests; nothing where it said nothing that can be read."""

    lines: frozenset[bytes] = frozenset()
    """Of its text."""
    orders: frozenset[bytes] = frozenset()
    """Of the orders in its calls of tools."""
    response: str | None = None
    """The id by which a next request may refer to it (`previous_response_id`)."""


def heard(ex: Exchange) -> Heard:
    """What the client was answered; nothing if that was no success or cannot be read."""
    listener, response = Listener(), ex.response or ex.provider_response
    if ex.websocket is not None:
        for answer in answers_spoken(ex):
            listener.hear(answer)
        return digested(listener)
    if response is None or response.status >= 300:
        return Heard()
    for event in values_in(undone(response.body, response.headers)):
        listener.hear(event)
    return digested(listener)


def digested(listener: Listener) -> Heard:
    """What is kept of what was said."""
    orders = frozenset(order for arguments in listener.called() for order in orders_in(arguments))
    return Heard(frozenset(lines_of(listener.text())), orders, listener.response)


def orders_in(arguments: Any) -> Iterator[bytes]:
    """The digests of the orders among a call's arguments, which may be JSON in a text."""
    found = value_of(arguments) if isinstance(arguments, str) else arguments
    if isinstance(found, dict):
        yield from (mark(text) for name in ORDERS if isinstance(text := found.get(name), str) and text.strip())


def lines_of(text: str) -> list[bytes]:
    """The digests of a text's lines, those that say anything; the last of them if there are many."""
    lines = [line.strip() for line in text.splitlines()]
    return [mark(line) for line in lines if len(line) >= SHORTEST and not TAG.fullmatch(line)][-MOST_LINES:]


def mark(text: str) -> bytes:
    """A text's digest, white space around it apart."""
    return blake2b(text.strip().encode("utf-8", "replace"), digest_size=8).digest()
