"""What of an answer can turn up again as the beginning of a conversation: orders to sub-agents, lines of a summary."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from ccproxy.codings import decode
from ccproxy.exchange import Exchange, Headers, get_header
from ccproxy.flows.lineage_spoken import answers_spoken

EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
ORDERS = ("prompt", "message", "task", "objective", "instructions", "query", "request", "input")
"""Arguments by which tools that start a sub-agent are told what to do (Claude Code, opencode: `prompt`; Codex:
`message`; Gemini CLI: `objective`)."""
MOST_LINES = 200
TAG = re.compile(r"</?\w+>")
SHORTEST = 8
"""Characters of a line that says anything."""

type Object = dict[str, Any]
type Pieces = dict[Any, list[str]]


@dataclass(slots=True, frozen=True)
class Heard:
    """What a model said, as digests; nothing where it said nothing that can be read."""

    lines: frozenset[bytes] = frozenset()
    """Of its text."""
    orders: frozenset[bytes] = frozenset()
    """Of the orders in its calls of tools."""
    response: str | None = None
    """The id by which a next request may refer to it (`previous_response_id`)."""


@dataclass(slots=True)
class Listener:
    """Puts an answer together from the events of its stream, or from the one object that it is."""

    texts: Pieces = field(default_factory=lambda: defaultdict(list))
    calls: Pieces = field(default_factory=lambda: defaultdict(list))
    arguments: list[Any] = field(default_factory=list)
    """Of calls that came whole."""
    response: str | None = None

    def hear(self, event: Any) -> None:
        """Takes the next event, or all of an answer."""
        if not isinstance(event, dict):
            return
        self.of_messages(event)
        for choice in objects(event.get("choices")):
            self.of_chat(choice.get("index"), choice.get("delta") or choice.get("message"))
        self.of_responses(event)
        inner = event.get("response")
        for candidate in objects((inner if isinstance(inner, dict) else event).get("candidates")):
            content = candidate.get("content")
            self.blocks(content.get("parts") if isinstance(content, dict) else None)

    def of_messages(self, event: Object) -> None:
        """Anthropic's: `content`, or blocks and deltas by index."""
        delta, at = event.get("delta"), event.get("index")
        if isinstance(delta, dict):
            piece(self.texts, at, delta.get("text"))
            piece(self.calls, at, delta.get("partial_json"))
        self.blocks(event.get("content"))

    def of_chat(self, at: Any, message: Any) -> None:
        """OpenAI's Chat Completions: `content` and `tool_calls`, in pieces or not."""
        if not isinstance(message, dict):
            return
        piece(self.texts, at, message.get("content"))
        for number, call in enumerate(objects(message.get("tool_calls"))):
            function = call.get("function")
            if isinstance(function, dict):
                piece(self.calls, (at, call.get("index", number)), function.get("arguments"))

    def of_responses(self, event: Object) -> None:
        """OpenAI's Responses: whole items, and the response around them."""
        inner = event.get("response", event)
        if isinstance(inner, dict) and isinstance(inner.get("id"), str) and inner.get("object") == "response":
            self.response = inner["id"]
        items = objects(event.get("output")) if event.get("object") == "response" else objects([event.get("item")])
        if event.get("type") in {None, "response.output_item.done"}:
            for item in items:
                self.blocks([item])
                self.blocks(item.get("content"))

    def blocks(self, blocks: Any) -> None:
        """Blocks that are whole: text, calls, and what only the provider can read."""
        for block in objects(blocks):
            piece(self.texts, len(self.texts), block.get("text") or block.get("encrypted_content"))
            function = block.get("functionCall")
            arguments = function.get("args") if isinstance(function, dict) else block.get("input")
            self.arguments.append(block.get("arguments", arguments))

    def heard(self) -> Heard:
        """All of it."""
        text = "\n".join("".join(pieces) for pieces in self.texts.values())
        whole = [*self.arguments, *("".join(pieces) for pieces in self.calls.values())]
        orders = frozenset(order for arguments in whole for order in orders_in(arguments))
        return Heard(frozenset(lines_of(text)), orders, self.response)


def heard(ex: Exchange) -> Heard:
    """What the client was answered; nothing if that was no success or cannot be read."""
    listener, response = Listener(), ex.response or ex.provider_response
    if ex.websocket is not None:
        for answer in answers_spoken(ex):
            listener.hear(answer)
        return listener.heard()
    if response is None or response.status >= 300:
        return Heard()
    for event in events(undone(response.body, response.headers)):
        listener.hear(event)
    return listener.heard()


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


def parsed(data: bytes | str) -> Any:
    """The JSON value; None if it is none."""
    try:
        return orjson.loads(data)
    except ValueError:
        return None


def objects(value: Any) -> list[Object]:
    """The objects in a list, if it is one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def piece(pieces: Pieces, at: Any, text: Any) -> None:
    """Adds a piece of text to what it is a piece of."""
    if isinstance(text, str) and text:
        pieces[at if isinstance(at, int | tuple) else 0].append(text)


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
