"""Connections: which one is used again, which never, and who gets one when there are too few."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from ccproxy.exchange import Attempt, Origin
from ccproxy.transport.carrier import Incoming, TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, always, get, ok, until


async def ask(pool: NativePool, peer: Peer, target: bytes = b"/") -> bytes | None:
    """One whole exchange, with the attempts that it takes."""
    incoming, _ = await sending(pool, peer, target)
    return await incoming.read()


async def sending(pool: NativePool, peer: Peer, target: bytes = b"/") -> tuple[Incoming, list[Attempt]]:
    """The head of an answer, and what it took."""
    delivery = Delivery(peer.origin, get(target))
    return await Sending(pool, peer.upstream, delivery).run(), delivery.attempts


async def numbered(link: Link) -> None:
    """Answers with the connection's number, as late as the target says (in milliseconds)."""
    while True:
        seen = await link.request()
        await asyncio.sleep(int(seen.target[1:] or b"0") / 1000)
        await link.send(ok(b"%d" % link.number))


def test_the_last_one_in_is_the_first_one_out(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as peer:
            pool = NativePool(Limits())
            answers = await asyncio.gather(*(ask(pool, peer, b"/%d" % wait) for wait in (20, 60, 40)))
            assert set(answers) == {b"0", b"1", b"2"}
            slowest = answers[1]
            for _ in range(3):
                assert await ask(pool, peer) == slowest
            assert len(peer.links) == 3
            await pool.close()

    run(main)


def test_origins_share_nothing(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as one, Peer(numbered) as two:
            pool = NativePool(Limits(connections=1))
            for _ in range(2):
                assert set(await asyncio.gather(ask(pool, one), ask(pool, two))) == {b"0"}
            await pool.close()

    run(main)


# -- connections that are no longer good


@pytest.mark.parametrize("waits", [False, True], ids=["noticed by the request", "noticed before"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_stale_connection_is_replaced(run: Run, waits: bool, reset: bool) -> None:
    """Whether its end is seen in time or not, the server gets the request once and the client its answer."""

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(ok(b"%d" % link.number))
        if reset:
            link.reset()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            for number in range(5):
                stream, _ = await sending(pool, peer)
                assert await stream.read() == b"%d" % number
                assert not stream.reused
                if waits:
                    await asyncio.sleep(0.02)
            await pool.close()

    run(main)


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_closed_upon_the_request_it_is_sent_once_more(run: Run, reset: bool) -> None:
    """A used connection may have been closed just then; nothing was answered, so a second try is right. One."""
    seen: list[tuple[int, bytes]] = []

    async def serve(link: Link) -> None:
        seen.append((link.number, (await link.request()).target))
        if link.number == 0:
            await link.send(ok(b"first"))
            seen.append((0, (await link.request()).target))
        elif link.number == 1:
            await link.send(ok(b"second"))
            await link.closed()
        if reset:
            link.reset()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            assert await ask(pool, peer, b"/a") == b"first"
            stream, attempts = await sending(pool, peer, b"/b")
            assert (await stream.read(), len(attempts), stream.reused) == (b"second", 2, False)
            assert seen == [(0, b"/a"), (0, b"/b"), (1, b"/b")]
            await pool.close()

    run(main)


def test_the_second_try_is_the_last(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        if link.number == 0:
            await link.send(ok())
            await link.request()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            await ask(pool, peer)
            with pytest.raises(TransportError, match="without an answer") as caught:
                await ask(pool, peer)
            assert caught.value.kind == "reset"
            assert len(peer.links) == 2
            with pytest.raises(TransportError):  # nothing is warm now: two new ones
                await ask(pool, peer)
            assert len(peer.links) == 4
            await pool.close()

    run(main)


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_no_second_try_once_an_answer_began(run: Run, begun: bytes) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(ok())
        await link.request()
        await link.send(begun)

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            await ask(pool, peer)
            with pytest.raises(TransportError) as caught:
                await ask(pool, peer)
            assert caught.value.kind == "reset"
            assert len(peer.links) == 1
            await pool.close()

    run(main)


POISON = ok(b"poison")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("unasked", [POISON, POISON[:1], b"HTTP/1.1 100 Continue\r\n\r\n", b"\0", b"\r\n\r\nx"])
@pytest.mark.parametrize("pause", [None, 0.0, 0.02], ids=["same packet", "at once", "later"])
def test_an_answer_nobody_asked_for_is_nobodys(
    run: Run, trusted: Authority, tls: bool, unasked: bytes, pause: float | None
) -> None:
    """Response splitting: it must never become the answer of the next request, so the connection ends."""

    async def serve(link: Link) -> None:
        await link.request()
        if link.number:
            await link.send(ok(b"good"))
        elif pause is None:
            await link.send(ok(b"first") + unasked)
        else:
            await link.send(ok(b"first"), pause=pause)
            await link.send(unasked)
        await link.closed()

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool = NativePool(Limits())
            assert await ask(pool, peer) == b"first"
            await asyncio.sleep(0.04)
            assert await ask(pool, peer) == b"good"
            assert peer.ended == 1
            await pool.close()

    run(main)


def test_not_even_if_we_had_no_time_to_look(run: Run) -> None:
    """The unasked answer waits in the kernel's buffer when the next request is sent."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            origin = Origin("http", "127.0.0.1", server.getsockname()[1])
            loop = asyncio.get_running_loop()
            pool = NativePool(Limits())
            asking = asyncio.create_task(pool.send(Upstream(origin), get()))
            link, _ = await loop.sock_accept(server)
            await loop.sock_recv(link, 1000)
            await loop.sock_sendall(link, ok(b"first"))
            assert await (await asking).read() == b"first"
            link.setblocking(True)
            link.sendall(POISON)
            time.sleep(0.02)  # noqa: ASYNC251 - this is what is tested: the loop sees nothing of it
            asking = asyncio.create_task(pool.send(Upstream(origin), get()))
            second, _ = await loop.sock_accept(server)
            await loop.sock_recv(second, 1000)
            await loop.sock_sendall(second, ok(b"good"))
            stream = await asking
            assert (await stream.read(), stream.reused) == (b"good", False)
            await pool.close()
            link.close()
            second.close()

    run(main)


def test_a_connection_that_is_left_unread_is_not_used_again(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            for _ in range(2):
                stream = await pool.send(peer.upstream, get())
                assert await anext(stream) == b"half"
                stream.close()
            await until(lambda: peer.ended == 2)
            await pool.close()

    run(main)


def test_one_that_was_read_to_the_end_survives_its_close(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer:
            pool = NativePool(Limits())
            for _ in range(3):
                stream = await pool.send(peer.upstream, get())
                await stream.read()
                stream.close()
            assert len(peer.links) == 1
            await pool.close()

    run(main)


def test_an_idle_connection_expires(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer:
            pool = NativePool(Limits(keepalive=1.0))
            await ask(pool, peer)
            await ask(pool, peer)
            assert (len(peer.links), peer.ended) == (1, 0)
            await until(lambda: peer.ended == 1)
            await ask(pool, peer)
            assert len(peer.links) == 2
            await pool.close()

    run(main)


def test_close_drops_all(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        if link.number == 0:
            await link.send(ok())
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(connections=2))
            await ask(pool, peer)
            asking = [asyncio.create_task(pool.send(peer.upstream, get())) for _ in range(4)]
            await asyncio.sleep(0.02)
            await pool.close()
            answers = await asyncio.gather(*asking, return_exceptions=True)
            assert [type(answer) for answer in answers] == [TransportError] * 4
            await until(lambda: peer.ended == len(peer.links))

    run(main)


# -- too few connections


def test_those_who_wait_get_their_turn_in_order(run: Run) -> None:
    served: list[bytes] = []

    async def serve(link: Link) -> None:
        while True:
            served.append((await link.request()).target)
            await asyncio.sleep(0.002)
            await link.send(ok())

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(connections=2))
            asked = [b"/%d" % number for number in range(40)]
            tasks = []
            for target in asked:
                tasks.append(asyncio.create_task(ask(pool, peer, target)))
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)
            places = [served.index(target) for target in asked]
            assert all(abs(place - wanted) <= 1 for wanted, place in enumerate(places)), served
            assert len(peer.links) == 2
            await pool.close()

    run(main)


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "closed after each"])
def test_nobody_pushes_in(run: Run, keeps: bool) -> None:
    """Those who come back at once with the next request go behind those who wait."""
    order: list[str] = []
    answer = ok() if keeps else ok(b"", b"Connection: close")

    async def main() -> None:
        async with Peer(always(answer)) as peer:
            pool = NativePool(Limits(connections=1))

            async def client(name: str) -> None:
                for _ in range(10):
                    await ask(pool, peer)
                    order.append(name)

            async with asyncio.timeout(10):
                await asyncio.gather(*(client(name) for name in "abcd"))
            rounds = ["".join(order[at : at + 4]) for at in range(0, 40, 4)]
            assert rounds == ["abcd"] * 10
            await pool.close()

    run(main)


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "closed after each"])
def test_one_who_stops_waiting_does_not_take_a_turn_along(run: Run, keeps: bool) -> None:
    """Before the turn has come, and in the moment in which it comes."""
    answer = ok() if keeps else ok(b"", b"Connection: close")

    async def main() -> None:
        async with Peer(always(answer)) as peer:
            pool = NativePool(Limits(connections=1))
            for steps in range(12):
                first = await pool.send(peer.upstream, get())
                second, third = (asyncio.create_task(ask(pool, peer)) for _ in range(2))
                await asyncio.sleep(0.001)
                await first.read()
                for _ in range(steps):
                    await asyncio.sleep(0)
                second.cancel()
                async with asyncio.timeout(2):
                    assert await third == b""
                    await asyncio.gather(second, return_exceptions=True)
            await pool.close()

    run(main)


def test_waiting_for_a_turn_has_an_end(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as peer:
            pool, way = NativePool(Limits(connections=1)), peer.within(first_byte=0.2)
            busy = asyncio.create_task(ask(pool, peer, b"/400"))
            await asyncio.sleep(0.01)
            later = asyncio.create_task(ask(pool, peer, b"/400"))
            await asyncio.sleep(0.01)
            with pytest.raises(TransportError, match="all 1 connections") as caught:
                await pool.send(way, get())
            assert (caught.value.kind, caught.value.status) == ("overloaded", 503)
            assert set(await asyncio.gather(busy, later)) == {b"0"}
            assert await ask(pool, peer) == b"0"
            await pool.close()

    run(main)


def test_a_connection_that_cannot_be_made_frees_its_place(run: Run) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            origin = Origin("http", "127.0.0.1", closed.getsockname()[1])
        pool = NativePool(Limits(connections=1))
        answers = await asyncio.gather(*(pool.send(Upstream(origin), get()) for _ in range(5)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [TransportError] * 5
        assert {answer.kind for answer in answers if isinstance(answer, TransportError)} == {"connect"}
        await pool.close()

    run(main)


def test_a_retry_finds_a_place_although_idle_connections_take_all(run: Run) -> None:
    """Two idle connections, both stale in a way that shows only when they are used, and two requests at once."""

    async def serve(link: Link) -> None:
        await link.request()
        await asyncio.sleep(0.02)
        await link.send(ok(b"%d" % link.number))
        await link.request()
        while link.number >= 2:
            await link.send(ok(b"%d" % link.number))
            await link.request()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(connections=2))
            await asyncio.gather(ask(pool, peer), ask(pool, peer))
            answers = await asyncio.gather(*(ask(pool, peer) for _ in range(4)))
            assert all(int(answer or b"0") >= 2 for answer in answers)
            await pool.close()

    run(main)


# -- whoever goes


def test_cancelled_before_the_answer_the_request_ends(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as peer:
            pool = NativePool(Limits(connections=1))
            asking = asyncio.create_task(ask(pool, peer, b"/9000"))
            await until(lambda: peer.links)
            await asyncio.sleep(0.02)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            async with asyncio.timeout(2):
                assert await ask(pool, peer) == b"1"
            await pool.close()

    run(main)


def test_cancelled_while_connecting_it_frees_its_place(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as peer:
            pool = NativePool(Limits(connections=1))
            for steps in range(8):
                asking = asyncio.create_task(ask(pool, peer))
                for _ in range(steps):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                async with asyncio.timeout(2):
                    await ask(pool, peer)
            await pool.close()

    run(main)


# -- slow readers


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_what_nobody_reads_stays_with_the_provider(run: Run, trusted: Authority, tls: bool, chunked: bool) -> None:
    size, block = 64_000_000, b"x" * 64_000
    sent = 0

    async def serve(link: Link) -> None:
        nonlocal sent
        await link.request()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
        await link.send(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
        piece = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block
        while sent < size:
            await link.send(piece)
            sent += len(block)
        await link.send(b"0\r\n\r\n" if chunked else b"")

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get())
            await asyncio.sleep(0.3)
            held = sent
            assert held < 20_000_000, "the kernel's buffers, and a little more"
            await asyncio.sleep(0.1)
            assert sent == held
            got = len(await anext(stream))
            assert got < 2_000_000, "what waits here"
            async for chunk in stream:
                got += len(chunk)
            assert got == size
            await pool.close()

    run(main)


def test_a_slow_reader_of_a_whole_answer_does_not_hold_its_connection(run: Run) -> None:
    """What has arrived can be read whenever, while others use the connection."""

    async def main() -> None:
        async with Peer(always(ok(b"x" * 100_000))) as peer:
            pool = NativePool(Limits(connections=1))
            streams: list[ResponseStream] = []
            async with asyncio.timeout(5):
                for _ in range(5):
                    streams.append(await pool.send(peer.upstream, get()))
                    await until(lambda: streams[-1].ready)
            for stream in streams:
                assert await stream.read() == b"x" * 100_000
            assert len(peer.links) == 1
            await pool.close()

    run(main)
