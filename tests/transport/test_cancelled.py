"""Requests that are cancelled at any step: no connection, no place, no task and no buffer stays."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from ccproxy.transport.connection import Connection
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import Timeouts, Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, get, ok, until
from tests.transport.proxy import TestProxy

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BLOCKS = 160
STEPS = 40
"""How far a request gets before it is cancelled, in turns of the loop."""


async def slowly(link: Link) -> None:
    """Answers in four pieces, after an interim one."""
    while True:
        await link.request()
        await link.send(b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.001)
        await link.send(CHUNKED, b"1\r\nx\r\n", b"1\r\ny\r\n", b"0\r\n\r\n", pause=0.001)


async def exchange(pool: NativePool, way: Upstream) -> bytes:
    """One request, given up as the gateway does it."""
    incoming = await Sending(pool, way, Delivery(way.origin, get())).run()
    try:
        return b"".join([chunk async for chunk in incoming])
    finally:
        incoming.close()


async def cancelled(pool: NativePool, way: Upstream, steps: int) -> None:
    """One request that is cancelled after so many steps."""
    task = asyncio.create_task(exchange(pool, way))
    for _ in range(steps):
        await asyncio.sleep(0 if steps < STEPS // 2 else 0.0005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def alive() -> list[object]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, Connection | ResponseStream)]


@pytest.mark.parametrize("way_there", ["plain", "tls", "forwarded", "tunnel"])
def test_cancelled_at_any_step(run: Run, trusted: Authority, way_there: str) -> None:
    """Two places for five requests at a time, so that some wait for one."""
    tls = trusted.server_context() if way_there in ("tls", "tunnel") else None

    async def main() -> None:
        async with Peer(slowly, tls) as peer, TestProxy() as proxy:
            proxied = way_there in ("forwarded", "tunnel")
            limits = Timeouts(connect=1.0)
            way = Upstream(peer.origin, proxy=proxy.proxy() if proxied else None, timeouts=limits)
            pool = NativePool(Limits(connections=2))
            for steps in range(0, STEPS, 2):
                await asyncio.gather(*(cancelled(pool, way, steps + more) for more in range(5)))
            both = await asyncio.gather(exchange(pool, way), exchange(pool, way))
            assert both == [b"xy", b"xy"]
            assert len([link for link in peer.links if not link.writer.is_closing()]) <= 2
            await pool.close()
            await until(lambda: peer.ended == len(peer.links) and proxy.open == 0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            del pool
            await until(lambda: not alive())

    run(main)


def test_a_head_that_nobody_waits_for_any_more(run: Run) -> None:
    """The connection closes although the server would go on."""

    async def serve(link: Link) -> None:
        await link.request()
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            asking = [asyncio.create_task(exchange(pool, peer.upstream)) for _ in range(50)]
            await until(lambda: len(peer.links) == 50)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await until(lambda: peer.ended == 50)
            await pool.close()

    run(main)


def test_256_streams_at_once_and_each_reader_at_its_own_pace(run: Run) -> None:
    """What one does not read does not keep the others waiting, and does not pile up."""
    block = b"%x\r\n%b\r\n" % (65536, b"x" * 65536)
    sent: dict[int, int] = {}

    async def serve(link: Link) -> None:
        sock = link.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # so that little waits in the kernel
        await link.request()
        await link.send(CHUNKED)
        for number in range(BLOCKS):
            await link.send(block)
            sent[link.number] = number
        await link.send(b"0\r\n\r\n")

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            streams = [await pool.send(peer.upstream, get()) for _ in range(256)]
            eager, lazy = streams[:8], streams[8:]
            sizes = await asyncio.gather(*(whole(stream) for stream in eager))
            assert sizes == [BLOCKS * 65536] * 8
            held = sum(1 for number in sent.values() if number < BLOCKS - 1)
            assert held == len(lazy), "all others wait for their readers"
            for stream in lazy:
                stream.close()
            await until(lambda: len([link for link in peer.links if not link.writer.is_closing()]) <= 8)
            await pool.close()

    async def whole(stream: ResponseStream) -> int:
        return sum([len(chunk) async for chunk in stream])

    run(main)


def test_an_unread_answer_leaves_no_buffer(run: Run) -> None:
    async def main() -> None:
        async with Peer(lambda link: link.send(ok(b"x" * 100_000))) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get())
            stream.close()
            del stream
            await pool.close()
            del pool
            await until(lambda: not alive())

    run(main)
