"""What a misbehaving HTTP/1.1 server does, put together from a beginning and an end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterable

from tests.faults.fault import Answer, Serve, Spot
from tests.transport.peer import Link

type Pieces = Callable[[Answer], Iterable[bytes]]
type End = Callable[[Link], Awaitable[None]]

DELUGE_BYTES = 100_000_000
SETTLE_SECONDS = 0.05
"""What has been written is on its way before a connection is reset."""


async def close(link: Link) -> None:
    """Ends the connection in order."""


async def reset(link: Link) -> None:
    """Ends it by a TCP reset."""
    await asyncio.sleep(SETTLE_SECONDS)
    link.reset()


async def hang(link: Link) -> None:
    """Neither goes on nor closes, until the other side does."""
    await link.closed()


async def ragged(link: Link) -> None:
    """Ends TCP without having ended TLS (RFC 8446 §6.1)."""
    await asyncio.sleep(SETTLE_SECONDS)
    with socket.socket(fileno=os.dup(link.writer.get_extra_info("socket").fileno())) as own:
        own.shutdown(socket.SHUT_WR)
    await link.closed()


def says(make: Pieces, end: End = close) -> Serve:
    """Reads a request, says something, and ends."""

    async def serve(link: Link, spot: Spot) -> None:
        await link.request()
        await link.send(*make(spot.answer))
        await end(link)

    return serve


def fixed(*pieces: bytes, end: End = close) -> Serve:
    """The same, whatever the answer would be."""
    return says(lambda _: pieces, end)


def keeps(make: Pieces) -> Serve:
    """Says the same to every request on a connection."""

    async def serve(link: Link, spot: Spot) -> None:
        while True:
            await link.request()
            await link.send(*make(spot.answer))

    return serve


def unheard(end: End, *pieces: bytes) -> Serve:
    """Says something before it has been asked, and ends."""

    async def serve(link: Link, spot: Spot) -> None:
        await link.send(*pieces)
        await end(link)

    return serve


def to_anything(*pieces: bytes, end: End = close) -> Serve:
    """Reads some bytes, whatever they are, says something, and ends."""

    async def serve(link: Link, spot: Spot) -> None:
        await link.reader.read(65536)
        await link.send(*pieces)
        await end(link)

    return serve


def deluge(make: Callable[[Answer], bytes], block: bytes) -> Serve:
    """A beginning, and then the same block until 100 MB have gone or the other side has had enough; then silence."""

    async def serve(link: Link, spot: Spot) -> None:
        await link.request()
        await link.send(make(spot.answer))
        big = block * (262_144 // len(block) + 1)
        for _ in range(DELUGE_BYTES // len(big)):
            await link.send(big)
        await link.closed()

    return serve


async def early(link: Link, spot: Spot) -> None:
    """Answers a request of which it has read the head only, and reads the rest then."""
    await link.head()
    await link.send(b"HTTP/1.1 413 Too Much\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nmuch")
    with contextlib.suppress(asyncio.IncompleteReadError):
        await link.closed()


def after_a_good_one(evil: Callable[[Link, Answer], Awaitable[None]]) -> Serve:
    """The first connection serves well once, and is then made use of; all others serve well."""

    async def serve(link: Link, spot: Spot) -> None:
        await link.request()
        await link.send(spot.answer.sized)
        if link.number == 0:
            await evil(link, spot.answer)
            spot.ready.set()
        await keeps(lambda answer: [answer.sized])(link, spot)

    return serve


async def volunteers(link: Link, answer: Answer) -> None:
    """An answer that nobody asked for."""
    await link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")


async def leaves(link: Link, answer: Answer) -> None:
    """Closes an idle connection."""
    link.writer.close()
    await asyncio.sleep(SETTLE_SECONDS)


async def stale(link: Link, spot: Spot) -> None:
    """The first connection closes as soon as a second request comes on it."""
    await link.request()
    await link.send(spot.answer.sized)
    spot.ready.set()
    if link.number == 0:
        await link.head()
        return
    await keeps(lambda answer: [answer.sized])(link, spot)
