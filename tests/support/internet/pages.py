"""What every host of this internet answers, over each version of HTTP alike.

`/bytes/N` N bytes of a known pattern · `/echo` the request as it came · `/sse` five events · `/slow/SECONDS` a late
answer · `/status/CODE` · anything else "hello from HOST".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

type Header = tuple[bytes, bytes]

PATTERN = bytes(range(251)) * 261
"""What `/bytes/N` repeats: a prime number of values, so that a piece that is lost or moved shows."""
ODD_FIELDS: list[Header] = [(b"X-CaSe-KePt", b"Yes"), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2; Path=/")]
"""Fields that a careless intermediary spoils."""


@dataclass
class Asked:
    """A request: `version` is "1.1", "2" or "3", `line` the request line where there is one."""

    version: str
    scheme: str
    method: bytes
    target: bytes
    host: str
    headers: list[Header]
    body: bytes
    line: bytes = b""

    @property
    def path(self) -> str:
        """The target without a query."""
        return self.target.partition(b"?")[0].decode("latin-1")


@dataclass
class Reply:
    """An answer; `length` is None where it is not known before the end."""

    status: int
    pieces: AsyncIterator[bytes]
    length: int | None
    headers: list[Header] = field(default_factory=list)


def pattern(count: int) -> bytes:
    """The first bytes of what `/bytes/N` answers."""
    return (PATTERN * (count // len(PATTERN) + 1))[:count]


def answer(asked: Asked) -> Reply:
    """What to answer."""
    name, _, argument = asked.path[1:].partition("/")
    return PAGES.get(name, hello)(asked, argument)


def whole(status: int, kind: bytes, body: bytes) -> Reply:
    """An answer whose body is there at once."""

    async def one() -> AsyncIterator[bytes]:
        yield body

    return Reply(status, one(), len(body), [(b"Content-Type", kind), *ODD_FIELDS])


def hello(asked: Asked, _: str) -> Reply:
    """The page for everything else."""
    return whole(200, b"text/plain", f"hello from {asked.host}\n".encode())


def status(asked: Asked, argument: str) -> Reply:
    """A status code of the client's choice."""
    return whole(int(argument), b"text/plain", f"status {argument}\n".encode())


def echo(asked: Asked, _: str) -> Reply:
    """The request as it came."""
    texts = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in asked.headers]
    line, body = asked.line.decode("latin-1"), asked.body.decode("latin-1")
    told = {"version": asked.version, "line": line, "headers": texts, "body": body}
    return whole(200, b"application/json", json.dumps(told).encode())


def many(asked: Asked, argument: str) -> Reply:
    """Many bytes."""
    count = int(argument)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(count // len(PATTERN)):
            yield PATTERN
        yield PATTERN[: count % len(PATTERN)]

    return Reply(200, pieces(), count, [(b"Content-Type", b"application/octet-stream"), *ODD_FIELDS])


def events(asked: Asked, _: str) -> Reply:
    """Five events, one after the other."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(5):
            yield b"data: event %d\n\n" % number
            await asyncio.sleep(0.02)

    return Reply(200, pieces(), None, [(b"Content-Type", b"text/event-stream"), *ODD_FIELDS])


def slow(asked: Asked, argument: str) -> Reply:
    """Nothing for some seconds, then the answer."""

    async def pieces() -> AsyncIterator[bytes]:
        await asyncio.sleep(float(argument))
        yield b"at last\n"

    return Reply(200, pieces(), None, [(b"Content-Type", b"text/plain")])


PAGES: dict[str, Callable[[Asked, str], Reply]] = {
    "bytes": many,
    "echo": echo,
    "sse": events,
    "slow": slow,
    "status": status,
}
