"""One turn, sent as any client would send it: plain HTTP, the answer read as it arrives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from ccproxy.cli.address import Address
from ccproxy.cli.demo.formats import Event, Format, Tokens

TIMEOUT_SECONDS = 20.0


@dataclass(slots=True)
class Turn:
    """What a client saw of its turn. Times are in milliseconds from the moment of sending."""

    status: int
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    text: str = ""
    usage: Tokens | None = None
    events: list[Event] = field(default_factory=list)
    error: Any = None
    """The body of an answer that is no success."""


@dataclass(frozen=True, slots=True)
class Client:
    """Sends turns to the daemon with a sentinel key."""

    address: Address
    key: str

    def send(self, wire: Format, body: Event, heard: Callable[[str], object]) -> Turn:
        """Send a request and read its stream; `heard` gets each piece of text as it comes.

        Raises OSError or http.client.HTTPException if the connection fails.
        """
        connection = HTTPConnection(self.address.host, self.address.port, timeout=TIMEOUT_SECONDS)
        fields = {"content-type": "application/json", "user-agent": "ccproxy-demo"}
        fields[wire.key_header] = wire.key_prefix + self.key
        began = time.perf_counter()
        try:
            connection.request("POST", wire.path, json.dumps(body).encode(), fields)
            response = connection.getresponse()
            turn = Turn(response.status)
            if response.status != 200:
                turn.error = json.loads(response.read())
                turn.first_byte_ms = since(began)
            else:
                read_stream(response, wire, turn, heard, began)
        finally:
            connection.close()
        turn.total_ms = since(began)
        return turn


def read_stream(response: HTTPResponse, wire: Format, turn: Turn, heard: Callable[[str], object], began: float) -> None:
    """Fill in the turn from the stream's events."""
    for event in events(response):
        turn.first_byte_ms = turn.first_byte_ms or since(began)
        turn.events.append(event)
        turn.usage = wire.usage(event) or turn.usage
        if piece := wire.text(event):
            turn.text += piece
            heard(piece)


def events(response: HTTPResponse) -> Iterator[Event]:
    """The data of server-sent events, parsed; `[DONE]` ends them."""
    for line in response:
        name, _, value = line.partition(b":")
        if name == b"data" and value.strip() != b"[DONE]":
            yield json.loads(value)


def since(began: float) -> float:
    """Milliseconds since then."""
    return (time.perf_counter() - began) * 1000
