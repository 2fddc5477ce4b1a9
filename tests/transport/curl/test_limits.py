"""Time limits, slow readers, requests that are broken off, connections that are kept and closed."""

from __future__ import annotations

import asyncio
import gc

import pytest
from curl_cffi import Curl

from ccproxy.transport.carrier import STATUS, TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.native_pool import Limits
from ccproxy.transport.upstream import Timeouts, Upstream
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.asking import ask, carrier, post, refused
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.peer import Link, Peer, always, get, ok, until

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def silent(link: Link) -> None:
    await link.closed()


async def read_slowly(curl: CurlCarrier, way: Upstream) -> None:
    """Fails if the answer goes on for ever."""
    async for _ in await curl.send(way, get()):
        pass


def test_connecting_has_a_limit(run: Run) -> None:
    """A server that takes connections and says nothing of TLS."""

    async def main() -> None:
        async with Peer(silent) as peer, carrier() as curl:
            origin = type(peer.origin)("https", peer.origin.host, peer.origin.port)
            error = await refused(curl, Upstream(origin, timeouts=Timeouts(connect=0.2, first_byte=0.1)))
            assert (error.kind, error.status) == ("connect_timeout", STATUS["connect_timeout"])
            assert "within 0.2 s" in str(error)
            await until(lambda: peer.ended == 1)

    run(main)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_the_first_byte_has_a_limit(run: Run, said: bytes) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(said)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            error = await refused(curl, Upstream(peer.origin, timeouts=Timeouts(first_byte=0.2)))
            assert error.kind == "first_byte_timeout"
            assert "within 0.2 s" in str(error)
            await until(lambda: peer.ended == 1)
            assert len(peer.links) == 1

    run(main)


def test_silence_has_a_limit_but_not_the_readers(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED, b"1\r\nx\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            stream = await curl.send(Upstream(peer.origin, timeouts=Timeouts(idle=0.2)), get())
            assert await anext(stream) == b"x"
            await asyncio.sleep(0.5)
            assert not stream.ready  # nobody waited: nobody is late
            with pytest.raises(TransportError, match=r"fell silent for 0\.2 s") as caught:
                await anext(stream)
            assert caught.value.kind == "idle_timeout"
            await until(lambda: peer.ended == 1)

    run(main)


def test_a_slow_reader_stops_an_http1_provider(run: Run) -> None:
    block, sent = b"x" * 65536, 0

    async def serve(link: Link) -> None:
        nonlocal sent
        await link.request()
        await link.send(CHUNKED)
        for _ in range(400):
            await link.send(b"%x\r\n%b\r\n" % (len(block), block))
            sent += len(block)
        await link.send(b"0\r\n\r\n")
        await link.closed()

    async def main() -> None:
        nonlocal sent
        sent = 0
        async with Peer(serve) as peer, carrier() as curl:
            stream = await curl.send(Upstream(peer.origin), get())
            before = -1
            while sent != before:
                before = sent
                await asyncio.sleep(0.3)
            assert sent < 300 * len(block)
            body = await stream.read()
            assert body is not None
            assert len(body) == 400 * len(block)

    run(main)


def test_a_slow_reader_stops_an_http2_provider_and_no_other_request(run: Run, authority: Authority) -> None:
    size = 32 * 1024 * 1024

    async def serve(stream: Stream) -> None:
        await stream.ended.wait()
        stream.head(200)
        await stream.data(b"x" * (size if stream.pseudo[b":path"] == b"/large" else 10), end=True)

    async def main() -> None:
        async with H2Peer(serve, authority.server_context()) as peer, carrier() as curl:
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file))
            slow = await curl.send(way, get(b"/large"))
            large, before = peer.streams[0], -1
            while large.sent != before:
                before = large.sent
                await asyncio.sleep(0.3)
            assert large.sent < size
            assert await ask(curl, way) == b"x" * 10
            body = await slow.read()
            assert body is not None
            assert len(body) == size
            assert len(peer.connections) == 1

    run(main)


@pytest.mark.parametrize("begun", [False, True])
def test_a_request_that_is_broken_off_closes_its_connection(run: Run, begun: bool) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED + b"1\r\nx\r\n" if begun else b"")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            way = Upstream(peer.origin)
            if begun:
                stream = await curl.send(way, get())
                stream.close()
                stream.close()
            else:
                asking = asyncio.create_task(curl.send(way, get()))
                await until(lambda: peer.links)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            await until(lambda: peer.ended == 1)

    run(main)


def test_over_http2_its_stream_is_reset(run: Run, authority: Authority) -> None:
    async def serve(stream: Stream) -> None:
        await stream.ended.wait()
        if stream.number == 0:
            stream.head(200)
            await stream.data(b"x")
            await stream.reset_by_client.wait()
        else:
            await stream.answer(b"y")

    async def main() -> None:
        async with H2Peer(serve, authority.server_context()) as peer, carrier() as curl:
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file))
            stream = await curl.send(way, get())
            assert await anext(stream) == b"x"
            stream.close()
            await until(peer.streams[0].reset_by_client.is_set)
            assert await ask(curl, way) == b"y"
            assert len(peer.connections) == 1

    run(main)


def handles() -> int:
    gc.collect()
    return sum(isinstance(thing, Curl) for thing in gc.get_objects())


def test_a_thousand_cancelled_requests_leave_nothing_behind(run: Run) -> None:
    async def main() -> None:
        async with Peer(silent) as peer:
            before = handles()
            async with carrier() as curl:
                for _ in range(10):
                    asking = [asyncio.create_task(curl.send(Upstream(peer.origin), get())) for _ in range(100)]
                    await asyncio.sleep(0.05)
                    for task in asking:
                        task.cancel()
                    ends = await asyncio.gather(*asking, return_exceptions=True)
                    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
                    await until(lambda: peer.ended == len(peer.links))
                assert handles() - before <= 64
            assert handles() == before

    run(main)


def test_a_paused_answer_can_be_given_up(run: Run) -> None:
    async def serve(link: Link) -> None:
        while True:
            await link.request()
            await link.send(CHUNKED)
            for _ in range(100):
                await link.send(b"%x\r\n%b\r\n" % (65536, b"x" * 65536))
            await link.send(b"0\r\n\r\n")

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            for _ in range(3):
                stream = await curl.send(Upstream(peer.origin), get())
                await asyncio.sleep(0.05)
                stream.close()
            body = await ask(curl, Upstream(peer.origin))
            assert body is not None
            assert len(body) == 100 * 65536

    run(main)


def test_connections_are_kept_and_not_shared_between_identities(run: Run, authority: Authority) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x")), authority.server_context()) as peer, carrier() as curl:
            ca = str(authority.ca_file)
            ways = [
                Upstream(peer.origin, ca_file=ca),
                Upstream(peer.origin, ca_file=ca, http2=True),
                Upstream(peer.origin, ca_file=ca, profile="chrome131"),
                Upstream(peer.origin, ca_file=ca, profile="safari17_0"),
            ]
            for number, way in enumerate(ways, 1):
                for _ in range(3):
                    await ask(curl, way)
                assert len(peer.links) == number
            stream = await curl.send(ways[0], get(), fresh=True)
            await stream.read()
            assert (len(peer.links), stream.reused) == (len(ways) + 1, False)

    run(main)


def test_all_connections_are_kept_up_to_the_limit(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"), pause=0.02)) as peer, carrier(Limits(connections=20)) as curl:
            for _ in range(3):
                bodies = await asyncio.gather(*[ask(curl, Upstream(peer.origin)) for _ in range(60)])
                assert bodies == [b"x"] * 60
            assert (len(peer.links), peer.ended) == (20, 0)

    run(main)


def test_a_connection_that_was_closed_meanwhile_is_not_an_error(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(ok(b"%d" % link.number))

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            assert [await ask(curl, Upstream(peer.origin)) for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]

    run(main)


@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
def test_what_libcurl_has_repeated_is_not_to_be_repeated(run: Run, body: bytes) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        if link.number == 0:
            await link.send(ok())
            await link.request()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            request = post(body, (b"Empty", b"")) if body else get()
            await ask(curl, Upstream(peer.origin), request)
            error = await refused(curl, Upstream(peer.origin), request)
            assert (error.kind, error.untouched, len(peer.links)) == ("reset", False, 2)
            error = await refused(curl, Upstream(peer.origin), request)
            assert (error.kind, error.untouched, error.stale, len(peer.links)) == ("reset", True, False, 3)

    run(main)


def test_without_requests_everything_is_closed_and_opened_again(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, carrier(Limits(keepalive=0.2)) as curl:
            serving = asyncio.all_tasks()
            await ask(curl, Upstream(peer.origin))
            await until(lambda: peer.ended == 1)
            await until(lambda: asyncio.all_tasks() == {asyncio.current_task(), *serving})  # libcurl's clock too
            assert await ask(curl, Upstream(peer.origin)) == b"x"
            assert len(peer.links) == 2

    run(main)


def test_closing_fails_what_is_under_way(run: Run) -> None:
    async def main() -> None:
        async with Peer(silent) as peer:
            curl = CurlCarrier()
            asking = asyncio.create_task(curl.send(Upstream(peer.origin), get()))
            await until(lambda: peer.links)
            await curl.close()
            with pytest.raises(TransportError, match="stopping"):
                await asking
            with pytest.raises(TransportError, match="stopping"):
                await curl.send(Upstream(peer.origin), get())
            await until(lambda: peer.ended == 1)

    run(main)


def test_waiting_for_a_connection_has_an_end(run: Run) -> None:
    async def main() -> None:
        async with Peer(silent) as peer, carrier(Limits(connections=1)) as curl:
            busy = asyncio.create_task(curl.send(Upstream(peer.origin), get()))
            await until(lambda: peer.links)
            limits = Timeouts(connect=0.2, first_byte=0.2)
            error = await refused(curl, Upstream(peer.origin, timeouts=limits))
            assert (error.kind, error.status) == ("overloaded", 503)
            assert len(peer.links) == 1
            busy.cancel()

    run(main)
