"""Connections that a server gave up while they were idle: the next request never notices."""

from __future__ import annotations

import asyncio
import socket

import pytest

from ccproxy.exchange import Attempt, HttpRequest, Origin
from ccproxy.transport.carrier import Incoming, TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, get, ok, until

GIVEN_UP = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 4\r\n\r\nslow"
STAYS = GIVEN_UP.replace(b"Connection: close\r\n", b"")
WAYS = ["close", "reset", "408", "408 and close", "408 and reset"]
MOMENTS = ["with the answer", "behind it", "while idle", "upon the request's first byte", "upon the request"]


async def deliver(pool: NativePool, peer: Peer, request: HttpRequest) -> tuple[Incoming, list[Attempt]]:
    delivery = Delivery(peer.origin, request)
    return await Sending(pool, peer.upstream, delivery).run(), delivery.attempts


async def give_up(link: Link, way: str) -> None:
    """With TLS, closing says close_notify, and a reset does not."""
    if way.startswith("408"):
        await link.send(GIVEN_UP)
    if way.endswith("reset"):
        link.reset()
    elif way != "408":
        link.writer.close()


async def answer_once(link: Link, moment: str, way: str) -> None:
    await link.request()
    if moment == "with the answer":
        link.writer.write(ok(b"first"))
        await give_up(link, way)
        return
    await link.send(ok(b"first"))
    if moment == "while idle":
        await asyncio.sleep(0.01)
    elif moment == "upon the request's first byte":
        await link.reader.read(1)
    elif moment == "upon the request":
        await link.request()
    await give_up(link, way)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("way", WAYS)
def test_given_up_while_idle(run: Run, trusted: Authority, tls: bool, moment: str, way: str) -> None:
    """Whenever the server does it, the next request is answered, by another connection."""
    gone = asyncio.Event()

    async def serve(link: Link) -> None:
        if link.number == 0:
            await answer_once(link, moment, way)
            gone.set()
        else:
            await link.request()
            await link.send(ok(b"%d" % link.number))
        await link.closed()

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool, body = NativePool(Limits()), b"x" * (200_000 if moment.startswith("upon") else 0)
            first, _ = await deliver(pool, peer, get())
            assert await first.read() == b"first"
            if moment in ("behind it", "while idle"):
                await gone.wait()
            again, attempts = await deliver(pool, peer, get(method="POST", body=body))
            assert (again.status, await again.read(), again.reused) == (200, b"1", False)
            assert len(attempts) <= 2
            await pool.close()

    try:
        run(main)
    except AssertionError as error:
        if not (tls and "SSL" in str(error)):  # the server's own loop complains of what it did
            raise


@pytest.mark.parametrize(("warm", "answer"), [(False, GIVEN_UP), (False, STAYS), (True, STAYS)])
def test_a_408_that_is_an_answer_is_passed_on(run: Run, warm: bool, answer: bytes) -> None:
    """On a new connection it is, and so it is where the server goes on with the connection."""

    async def serve(link: Link) -> None:
        if warm:
            await link.request()
            await link.send(ok())
        await link.request()
        await link.send(answer)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            if warm:
                await (await deliver(pool, peer, get()))[0].read()
            incoming, attempts = await deliver(pool, peer, get())
            assert (incoming.status, await incoming.read(), len(attempts)) == (408, b"slow", 1)
            await pool.close()

    run(main)


def test_a_server_that_gives_every_connection_up_is_asked_twice(run: Run) -> None:
    async def serve(link: Link) -> None:
        if link.number == 0:
            await link.request()
            await link.send(ok())
        await link.request()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            await (await deliver(pool, peer, get()))[0].read()
            with pytest.raises(TransportError) as caught:
                await deliver(pool, peer, get())
            assert (caught.value.kind, caught.value.untouched) == ("reset", True)
            await until(lambda: peer.ended == 2)
            await pool.close()

    run(main)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_body_that_ends_with_its_connection_is_whole_if_the_server_says_so(
    run: Run, trusted: Authority, says_so: bool
) -> None:
    """Anybody in between can close a connection, but nobody can send a close_notify (RFC 9112 §9.8)."""

    def serve(server: socket.socket) -> None:
        plain, _ = server.accept()
        link = trusted.server_context().wrap_socket(plain, server_side=True)
        link.recv(1000)
        link.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        if says_so:
            link.unwrap()
        socket.close(link.detach())

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            serving = asyncio.create_task(asyncio.to_thread(serve, server))
            pool = NativePool(Limits())
            origin = Origin("https", "127.0.0.1", server.getsockname()[1])
            stream = await pool.send(Upstream(origin), get())
            if says_so:
                assert await stream.read() == b"half"
            else:
                with pytest.raises(TransportError, match="in the middle of its answer"):
                    await stream.read()
            await serving
            await pool.close()

    run(main)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_server_that_speaks_first(run: Run, trusted: Authority, tls: bool) -> None:
    """Such as one of SSH or mail: an error, whether it is heard before the request is written or after."""

    async def serve(link: Link) -> None:
        await link.send(b"SSH-2.0-server\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool = NativePool(Limits())
            for _ in range(20):
                with pytest.raises(TransportError) as caught:
                    await deliver(pool, peer, get())
                assert caught.value.kind in {"protocol", "reset"}
            await until(lambda: peer.ended == len(peer.links))
            await pool.close()

    run(main)
