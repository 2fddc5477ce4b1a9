"""What the simulator answers: a status, header fields and a list of steps to play in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import orjson

type Headers = list[tuple[bytes, bytes]]
"""Header fields in order, names in lower case."""


class Send(NamedTuple):
    """Wait `delay` seconds, then send `data`."""

    data: bytes
    delay: float = 0.0


@dataclass(slots=True, frozen=True)
class Reset:
    """Wait `delay` seconds, then abort the connection. As the first step: before even the status line was sent."""

    delay: float = 0.0


type Step = Send | Reset


@dataclass(slots=True)
class Reply:
    """An answer. It has a content-length field if it is buffered and none if it is a stream.

    `events` are played in order. Status and header fields go out together with the first `Send`.
    """

    status: int
    headers: Headers
    events: list[Step]

    @property
    def body(self) -> bytes:
        """All the bytes that are sent, without the waiting."""
        return b"".join(step.data for step in self.events if isinstance(step, Send))


def json_reply(status: int, headers: Headers, value: object, content_type: bytes = b"application/json") -> Reply:
    """A buffered reply whose body is `value` as JSON."""
    data = orjson.dumps(value)
    fields = [(b"content-type", content_type), (b"content-length", b"%d" % len(data)), *headers]
    return Reply(status, fields, [Send(data)])


def empty_reply(reply: Reply) -> Reply:
    """The answer to HEAD: the same fields, no body (RFC 9110 §9.3.2)."""
    return Reply(reply.status, reply.headers, [Send(b"")])
