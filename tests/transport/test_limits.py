"""Time limits, TLS, failures to connect, and upgraded connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import trustme

from ccproxy.config import Config
from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.carrier import STATUS, TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.failures import connect_error
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.transport import Transport
from ccproxy.transport.upstream import Timeouts, Upstream
from ccproxy.transport.ways import Ways
from tests.support.ports import free_port
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, always, get, ok, until


async def failure(pool: NativePool, upstream: Upstream) -> tuple[TransportError, float]:
    """The error of one request, and how long it took."""
    begun = time.monotonic()
    with pytest.raises(TransportError) as caught:
        await (await pool.send(upstream, get())).read()
    return caught.value, time.monotonic() - begun


# -- time limits


@pytest.fixture
def full_backlog() -> Iterator[Origin]:
    """An origin that lets connections hang: nobody accepts, and no more may wait."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield Origin("http", "127.0.0.1", server.getsockname()[1])


def test_connecting_has_a_limit(run: Run, full_backlog: Origin) -> None:
    async def main() -> None:
        pool = NativePool(Limits())
        error, took = await failure(pool, Upstream(full_backlog, timeouts=Timeouts(connect=0.2)))
        assert (error.kind, error.status) == ("connect_timeout", 504)
        assert "within 0.2 s" in str(error)
        assert 0.15 < took < 5
        await pool.close()

    run(main)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
def test_the_first_byte_has_a_limit(run: Run, said: bytes, warm: bool) -> None:
    """A silent provider is not asked a second time."""

    async def serve(link: Link) -> None:
        if warm:
            await link.request()
            await link.send(ok())
        await link.request()
        await link.send(said)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            if warm:
                await (await pool.send(peer.upstream, get())).read()
            error, took = await failure(pool, peer.within(first_byte=0.2))
            assert (error.kind, error.status) == ("first_byte_timeout", 504)
            assert "did not begin to answer within 0.2 s" in str(error)
            assert 0.15 < took < 5
            await until(lambda: peer.ended == 1)
            assert len(peer.links) == 1
            await pool.close()

    run(main)


SSE = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_silence_in_the_answer_has_a_limit(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(SSE, *[b"1\r\nx\r\n"] * 4, pause=0.2)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.within(idle=0.6), get())
            for _ in range(4):
                assert await anext(stream) == b"x"
            begun = time.monotonic()
            with pytest.raises(TransportError, match=r"fell silent for 0\.6 s") as caught:
                await anext(stream)
            assert (caught.value.kind, caught.value.status) == ("idle_timeout", 504)
            assert 0.3 < time.monotonic() - begun < 5
            await until(lambda: peer.ended == 1)
            await pool.close()

    run(main)


def test_a_reader_that_takes_its_time_is_not_the_providers_silence(run: Run) -> None:
    """Nothing is read for longer than the limit, because nobody wants it; then the provider has all its time again."""

    async def serve(link: Link) -> None:
        await link.request()
        block = b"x" * 270_000  # just enough to be told to pause
        await link.send(SSE, b"%x\r\n%b\r\n" % (len(block), block))
        await asyncio.sleep(1.0)
        await link.send(b"1\r\ny\r\n0\r\n\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.within(idle=0.5), get())
            await asyncio.sleep(0.9)
            got = b""
            async for chunk in stream:
                got += chunk
            assert got == b"x" * 270_000 + b"y"
            await pool.close()

    run(main)


def test_a_stream_as_a_whole_has_no_limit(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await asyncio.sleep(0.1)
        await link.send(SSE, *[b"1\r\nx\r\n"] * 6, pause=0.15)
        await link.send(b"0\r\n\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(keepalive=0.6))
            assert await (await pool.send(peer.within(idle=0.6, first_byte=0.6), get())).read() == b"x" * 6
            await pool.close()

    run(main)


# -- no connection


@pytest.mark.parametrize(
    ("host", "words"),
    [("a" * 64 + ".test", "no connection"), ("127.0.0.1", "refused")],
)
def test_no_connection(run: Run, host: str, words: str) -> None:
    origin = Origin("http", host, free_port())

    async def main() -> None:
        pool = NativePool(Limits())
        error, _ = await failure(pool, Upstream(origin))
        assert (error.kind, error.status) == ("connect", 502)
        assert words in str(error).lower()
        assert host in str(error)
        await pool.close()

    run(main)


def test_a_name_that_nobody_has() -> None:
    """Made here: to ask for one would be to send something."""
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    error = connect_error("http://no-such-name.invalid", "no-such-name.invalid", unknown)
    assert (error.kind, error.untouched) == ("connect", True)
    assert str(error) == "the name no-such-name.invalid does not resolve: Name or service not known"


def test_ipv6(run: Run) -> None:
    async def main() -> None:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ok(b"six"))
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(accepted, "::1", 0) as server:
            pool = NativePool(Limits())
            origin = Origin("http", "::1", server.sockets[0].getsockname()[1])
            stream = await pool.send(Upstream(origin), get())
            assert await stream.read() == b"six"
            await pool.close()

    run(main)


# -- TLS


def test_a_trusted_certificate(run: Run, trusted: Authority) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"safe")), trusted.server_context()) as peer:
            pool = NativePool(Limits())
            for number in range(2):
                stream = await pool.send(peer.upstream, get())
                assert (await stream.read(), stream.reused) == (b"safe", number > 0)
            await pool.close()

    run(main)


def context_for(name: str, ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("case", ["unknown authority", "other name"])
def test_a_certificate_that_is_not_trusted(
    run: Run, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Nothing of the request is sent."""
    trusted, other = trustme.CA(), trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    trusted.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = context_for("127.0.0.1", other) if case == "unknown authority" else context_for("localhost", trusted)
    came: list[bytes] = []

    async def serve(link: Link) -> None:
        came.append(await link.reader.read())

    async def main() -> None:
        async with Peer(serve, context) as peer:
            pool = NativePool(Limits())
            error, _ = await failure(pool, peer.upstream)
            assert (error.kind, error.status) == ("tls", 502)
            assert "is not trusted" in str(error)
            await pool.close()

    run_ignoring_handshakes(run, main)
    assert not any(came)


def run_ignoring_handshakes(run: Run, main: object) -> None:
    """A server's loop reports a handshake that its client broke off; that is what is wanted here."""
    try:
        run(main)  # type: ignore[arg-type]
    except AssertionError as error:
        if "SSL handshake" not in str(error):
            raise


def test_a_server_without_tls(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.reader.read(10)
        await link.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            error, _ = await failure(pool, Upstream(Origin("https", "127.0.0.1", peer.origin.port)))
            assert error.kind == "tls"
            await pool.close()

    run(main)


# -- upgraded connections

HANDSHAKE = HttpRequest("GET", b"/", [(b"Host", b"x"), (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")])
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\n"


@pytest.mark.parametrize("early", [b"", b"\x81\x02hi", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_after_an_upgrade_bytes_pass_both_ways(run: Run, early: bytes) -> None:
    """Also those that came with the head, and those that look like HTTP."""

    async def serve(link: Link) -> None:
        await link.head()
        await link.send(SWITCHED + early)
        while data := await link.reader.read(1000):
            await link.send(b"<" + data + b">")

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(connections=1, keepalive=0.1))
            stream = await pool.send(peer.within(idle=0.1, first_byte=5), HANDSHAKE)
            assert (stream.status, stream.headers[-1]) == (101, (b"X", b"y"))
            if early:
                assert await anext(stream) == early
            for data in (b"\x00\xff", b"GET / HTTP/1.1\r\n\r\n"):
                stream.write(data)
                assert await anext(stream) == b"<" + data + b">"
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.3)  # silence is no error here
            assert not waiting.done()
            peer.links[0].writer.close()
            with pytest.raises(StopAsyncIteration):
                await waiting
            async with asyncio.timeout(2):
                await (await pool.send(peer.upstream, HANDSHAKE)).head()
            await pool.close()

    run(main)


def test_an_upgraded_connection_that_is_closed_is_gone(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.head()
        await link.send(SWITCHED)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, HANDSHAKE)
            stream.close()
            stream.write(b"into the void")
            await until(lambda: peer.ended == 1)
            await (await pool.send(peer.upstream, HANDSHAKE)).head()
            assert len(peer.links) == 2
            await pool.close()

    run(main)


def test_an_upgraded_connection_feels_pressure(run: Run) -> None:
    """Whoever writes learns that the other side does not read, and that it reads again."""
    told: list[bool] = []
    reads = asyncio.Event()

    async def serve(link: Link) -> None:
        await link.head()
        await link.send(SWITCHED)
        await reads.wait()
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, HANDSHAKE)
            stream.on_pressure = told.append
            for _ in range(200):
                stream.write(b"x" * 100_000)
            assert told == [True]
            reads.set()
            await until(lambda: told == [True, False])
            await pool.close()

    run(main)


@pytest.mark.parametrize(
    "answer", [ok(b"no"), b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nno"]
)
def test_an_upgrade_that_is_declined(run: Run, answer: bytes) -> None:
    async def main() -> None:
        async with Peer(always(answer)) as peer:
            pool = NativePool(Limits())
            for _ in range(2):
                assert await (await pool.send(peer.upstream, HANDSHAKE)).read() == b"no"
            await pool.close()

    run(main)


# -- the interface


def test_each_scheme_has_its_carrier_and_each_error_its_status(run: Run) -> None:
    assert all(500 <= status < 600 for status in STATUS.values())

    async def main() -> None:
        async with Peer(always(ok(b"plain"))) as peer:
            pool, ways = NativePool(Limits()), Ways(Config(), {})
            transport = Transport(ways, pool, CurlCarrier(), EmbeddedCarrier(lambda *_: NOTHING))
            assert await (await transport.send(Delivery(peer.origin, get()))).read() == b"plain"
            assert (await transport.send(Delivery(Origin("simulator", "simulator", 0), get()))).status == 204
            await transport.close()
            await until(lambda: peer.ended == 1)

    run(main)


class Nothing:
    status, headers, events = 204, list[tuple[bytes, bytes]](), ()


NOTHING = Nothing()


def test_a_slow_upload_is_not_a_silent_provider(run: Run) -> None:
    body = b"x" * 24_000_000

    async def serve(link: Link) -> None:
        await link.head()
        left = len(body)
        while left:
            left -= len(await link.reader.read(262_144))
            await asyncio.sleep(0.01)
        await link.send(ok(b"took it"))

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            begun = time.monotonic()
            answer = await pool.send(peer.within(first_byte=0.4), get(method="POST", body=body))
            assert await answer.read() == b"took it"
            assert time.monotonic() - begun > 0.5
            await pool.close()

    run(main)
