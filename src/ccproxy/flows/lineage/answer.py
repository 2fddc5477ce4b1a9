"""What of an answer can turn up again as the beginning of a conversation: orders to sub-agents, lines of a summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from ccproxy.codings import decode
from ccproxy.exchange import Exchange, Headers, get_header
from ccproxy.flows.lineage.listener import Listener, parsed
from ccproxy.flows.lineage.spoken import answers_spoken

EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
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
    for event in events(undone(response.body, response.headers)):
        listener.hear(event)
    return digested(listener)


def digested(listener: Listener) -> Heard:
    """What is kept of what was said."""
    orders = frozenset(order for arguments in listener.called() for order in orders_in(arguments))
    return Heard(frozenset(lines_of(listener.text())), orders, listener.response)


def undone(body: bytes, headers: Headers) -> bytes:
    """A body without its content coding; empty if that cannot be."""
    coding = get_header(headers, b"content-encoding")
    if not coding or not body:
        return body
    try:
        return decode(body, coding.decode("latin-1"))
    except ValueError:
        return b""


def events(body: bytes) -> Iterator[Any]:
    """The JSON values of an answer: itself, an array's items, or the data of its server-sent events."""
    if body[:64].lstrip()[:1] in {b"{", b"["}:
        whole = parsed(body)
        yield from whole if isinstance(whole, list) else [whole]
        return
    for event in EVENT_END.split(body):
        yield parsed(b"\n".join(line[5:] for line in event.splitlines() if line.startswith(b"data:")))


def orders_in(arguments: Any) -> Iterator[bytes]:
    """The digests of the orders among a call's arguments, which may be JSON in a text."""
    found = parsed(arguments) if isinstance(arguments, str) else arguments
    if isinstance(found, dict):
        yield from (mark(text) for name in ORDERS if isinstance(text := found.get(name), str) and text.strip())


def lines_of(text: str) -> list[bytes]:
    """The digests of a text's lines, those that say anything; the last of them if there are many."""
    lines = [line.strip() for line in text.splitlines()]
    return [mark(line) for line in lines if len(line) >= SHORTEST and not TAG.fullmatch(line)][-MOST_LINES:]


def mark(text: str) -> bytes:
    """A text's digest, white space around it apart."""
    return blake2b(text.strip().encode("utf-8", "replace"), digest_size=8).digest()
