"""The reverse front over real sockets: order, framing, upgrades, and connections that end early."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fronts.visitor import HEALTH, HOST, KEY, Served, Visitor, ask, post
from tests.support.examples import examples
from tests.support.http import field_of
from tests.transport.peer import Link, Peer, Seen, always, ok, run_on, until

JSON = b"Content-Type: application/json"
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_on("uvloop", main)


@pytest.fixture(autouse=True)
def _nothing_fails_inside(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


class Echo:
    """Answers with the request's body and keeps the requests; a target `/v1/wait/N` takes N milliseconds."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    async def __call__(self, link: Link) -> None:
        while True:
            seen = await link.request()
            self.seen.append(seen)
            if seen.target.startswith(b"/v1/wait/"):
                await asyncio.sleep(int(seen.target.rpartition(b"/")[2]) / 1000)
            await link.send(ok(seen.body, b"Content-Type: text/plain"))


def wait(milliseconds: int, body: bytes = b"") -> bytes:
    return post(body, target=b"/v1/wait/%d" % milliseconds)


# -- requests that follow one another


def test_32_requests_in_one_packet_are_answered_in_order() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            packet = b"".join(wait(30 - number, b"%d" % number) if number % 3 else HEALTH for number in range(32))
            visitor = await served.visit(packet)
            answers = [await visitor.answer() for _ in range(32)]
            wanted = [b"%d" % number if number % 3 else b"ccproxy is running\n" for number in range(32)]
            assert [answer.body for answer in answers] == wanted
            assert len(served.records) == 32

    run(main)


def test_bodies_that_wait_in_a_pipeline_are_bounded() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            bodies = [bytes([number]) * 2_000_000 for number in range(15)]
            visitor = await served.visit(wait(500))
            await visitor.send(*(wait(0, body) for body in bodies))
            await asyncio.sleep(0.3)
            assert visitor.writer.transport.get_write_buffer_size() > 10_000_000  # the front does not read on
            answers = [await visitor.answer() for _ in range(16)]
            assert [answer.body for answer in answers[1:]] == bodies

    run(main)


def test_thousands_of_small_requests_behind_a_slow_one() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            visitor = await served.visit(wait(100, b"slow") + HEALTH * 5000 + post(b"last"))
            assert (await visitor.answer()).body == b"slow"
            for _ in range(5000):
                assert (await visitor.answer()).status == 200
            assert (await visitor.answer()).body == b"last"

    run(main)


def test_requests_wait_on_the_wire_while_the_first_is_answered() -> None:
    """Twenty megabytes are on offer; only so many are taken in advance."""

    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            visitor = await served.visit(wait(300))
            for _ in range(200):
                await visitor.send(post(b"x" * 100_000))
            await asyncio.sleep(0.2)
            assert visitor.writer.transport.get_write_buffer_size() > 5_000_000
            for _ in range(201):
                assert (await visitor.answer()).status == 200

    run(main)


def test_the_last_one_says_close() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            visitor = await served.visit(wait(20, b"1") + post(b"2", b"Connection: close") + post(b"3"))
            assert [(await visitor.answer()).body for _ in range(2)] == [b"1", b"2"]
            assert await visitor.ends()
            assert len(served.records) == 2

    run(main)


def test_a_broken_request_is_answered_in_its_turn() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            visitor = await served.visit(wait(50, b"1") + b"broken\r\n\r\n" + HEALTH)
            assert (await visitor.answer()).body == b"1"
            assert (await visitor.answer()).status == 400
            assert await visitor.ends()

    run(main)


def test_expect_in_a_pipeline() -> None:
    """Whoever is not first may have to wait for leave, but not for ever."""

    async def main() -> None:
        echo = Echo()
        async with Peer(echo) as peer, Served(peer) as served:
            whole = post(b"body", b"Expect: 100-continue")
            visitor = await served.visit(wait(50, b"1"), whole[:-4])
            assert (await visitor.answer()).body == b"1"
            async with asyncio.timeout(2):
                assert await visitor.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await visitor.send(b"body")
            assert (await visitor.answer()).body == b"body"
            assert field_of(echo.seen[1].headers, "expect") is None

    run(main)


# -- framing


def test_a_chunked_request_arrives_with_its_length() -> None:
    request = b"POST /v1/messages HTTP/1.1\r\n" + HOST + KEY + b"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"

    async def main() -> None:
        echo = Echo()
        async with Peer(echo) as peer, Served(peer) as served:
            data = request + b'2;a="b"\r\nbo\r\n2\r\ndy\r\n0;c\r\nX-Trailer: 1\r\nX: 2\r\n\r\n'
            visitor = await served.visit()
            await visitor.send(*[data[at : at + 1] for at in range(len(data))], HEALTH)
            assert (await visitor.answer()).body == b"body"
            assert (await visitor.answer()).status == 200
            await served.one(request + b"0\r\n\r\n")
        assert [seen.body for seen in echo.seen] == [b"body", b""]
        for seen in echo.seen:
            assert field_of(seen.headers, "content-length") == b"%d" % len(seen.body)
            assert {name.lower() for name, _ in seen.headers} == {b"host", b"content-length"}

    run(main)


def test_java_offers_h2c() -> None:
    """java.net.http sends such a field with every first request; RFC 9110 §7.8 lets a server ignore it."""
    fields = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAA")

    async def main() -> None:
        echo = Echo()
        async with Peer(echo) as peer, Served(peer) as served:
            visitor = await served.visit(post(b"body", *fields) + post(b"next"))
            assert [(await visitor.answer()).body for _ in range(2)] == [b"body", b"next"]
        assert {name.lower() for name, _ in echo.seen[0].headers} == {b"host", b"content-length"}

    run(main)


@pytest.mark.parametrize("target", [b"http://127.0.0.1:4000/v1/files?a=b", b"HTTP://other.test/v1/files?a=b"])
def test_absolute_form(target: bytes) -> None:
    async def main() -> None:
        echo = Echo()
        async with Peer(echo) as peer, Served(peer) as served:
            assert (await served.one(ask(target))).status == 200
            assert echo.seen[0].target == b"/v1/files?a=b"
            assert field_of(echo.seen[0].headers, "host") == b"127.0.0.1:%d" % peer.origin.port

    run(main)


async def chunky(link: Link) -> None:
    """Streams."""
    while True:
        await link.request()
        await link.send(SSE, b"3\r\none\r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n", pause=0.01)


def test_an_http_1_0_client_gets_no_chunks() -> None:
    async def main() -> None:
        async with Peer(chunky) as peer, Served(peer) as served:
            visitor = await served.visit(ask(b"/v1/x", b"Connection: keep-alive", version=b"1.0"))
            answer = await visitor.answer()
            assert (answer.chunked, answer.body, answer.field("connection")) == (False, b"onetwo", b"close")
            assert await visitor.ends()

    run(main)


def test_an_http_1_0_client_may_keep_its_connection() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            request = ask(b"/v1/x", b"Connection: keep-alive", version=b"1.0")
            visitor = await served.visit()
            for _ in range(2):
                await visitor.send(request)
                answer = await visitor.answer()
                assert (answer.status, answer.field("connection")) == (200, b"keep-alive")

    run(main)


@pytest.mark.parametrize(
    ("data", "method", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", "HEAD", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", 200),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", 204),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n", "GET", 304),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n", "GET", 304),
    ],
)
def test_answers_without_a_body_leave_the_connection_in_step(data: bytes, method: str, status: int) -> None:
    async def main() -> None:
        async with Peer(always(data)) as peer, Served(peer) as served:
            visitor = await served.visit(ask(b"/v1/x", method=method.encode()) * 2 + HEALTH)
            for _ in range(2):
                answer = await visitor.answer(method)
                assert (answer.status, answer.body, answer.chunked) == (status, b"", False)
                assert answer.field("content-length") == (b"999" if b"999" in data else None)
            assert (await visitor.answer()).body == b"ccproxy is running\n"

    run(main)


def test_head_of_our_own_answers() -> None:
    async def main() -> None:
        async with Served() as served:
            visitor = await served.visit(ask(b"/health", method=b"HEAD") + HEALTH)
            assert (await visitor.answer("HEAD")).status == 200
            assert (await visitor.answer()).body == b"ccproxy is running\n"
            refused = await served.one(ask(b"/health", method=b"POST"))
            assert (refused.status, refused.field("allow")) == (405, b"GET")

    run(main)


def test_pieces_pass_as_they_come() -> None:
    async def main() -> None:
        async with Peer(paced) as peer, Served(peer) as served:
            visitor = await served.visit(post())
            await visitor.reader.readuntil(b"\r\n\r\n")
            times = []
            for number in range(4):
                assert await visitor.reader.readexactly(6) == b"1\r\n%d\r\n" % number
                times.append(time.monotonic())
            assert times[-1] - times[0] > 0.1

    run(main)


async def paced(link: Link) -> None:
    await link.request()
    await link.send(SSE, *[b"1\r\n%d\r\n" % number for number in range(4)], pause=0.05)


# -- upgrades

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Switching:
    """Answers every request with 101 and then echoes; keeps the requests."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    async def __call__(self, link: Link) -> None:
        self.seen.append(await link.request())
        await link.send(SWITCHED)
        while data := await link.reader.read(1000):
            await link.send(data)


HANDSHAKE = ask(b"/v1/messages", b"Connection: keep-alive, Upgrade", b"Upgrade: websocket")


def test_bytes_behind_a_handshake_are_not_lost() -> None:
    """They may be in the same packet, and come while the provider still thinks."""

    async def main() -> None:
        async with Peer(Switching()) as peer, Served(peer) as served:
            visitor = await served.visit(HANDSHAKE + b"\x81one", b"two")
            await visitor.send(b"three", pause=0.02)
            assert (await visitor.answer()).status == 101
            assert await visitor.reader.readexactly(12) == b"\x81onetwothree"
            visitor.leave()
            await until(lambda: peer.ended == 1)
            (record,) = served.records
            await until(lambda: record.done)
            assert record.websocket is not None
            assert b"".join(record.websocket.from_client) == b"\x81onetwothree"
            assert b"".join(record.websocket.from_server) == b"\x81onetwothree"

    run(main)


def test_what_comes_behind_a_handshake_waits_on_the_wire() -> None:
    data = bytes(range(256)) * 100_000

    async def serve(link: Link) -> None:
        await link.request()
        await asyncio.sleep(0.3)
        await link.send(SWITCHED)
        await link.send(await link.reader.readexactly(len(data)))
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            visitor = await served.visit(HANDSHAKE, data)
            await asyncio.sleep(0.2)
            assert visitor.writer.transport.get_write_buffer_size() > 10_000_000
            assert (await visitor.answer()).status == 101
            assert await visitor.reader.readexactly(len(data)) == data

    run(main)


@pytest.mark.parametrize(
    "request_",
    [
        post(b"{}"),
        ask(b"/v1/messages"),
        ask(b"/v1/messages", b"Upgrade: websocket"),
        post(b"{}", b"Upgrade: websocket"),
        post(b"{}", b"Upgrade: websocket", b"Connection: Upgrade"),
        post(b"{}", b"Upgrade: h2c", b"Connection: Upgrade"),
        HANDSHAKE.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n{}"),
    ],
)
def test_nobody_gets_an_upgrade_without_asking_for_it_rightly(request_: bytes) -> None:
    async def main() -> None:
        switching = Switching()
        async with Peer(switching) as peer, Served(peer) as served:
            visitor = await served.visit(request_ + HEALTH)
            assert (await visitor.answer()).status == 502
            assert (await visitor.answer()).status == 200
            assert field_of(switching.seen[0].headers, "upgrade") is None
            await until(lambda: peer.ended == 1)
            assert served.records[0].failure is not None
            assert served.records[0].failure.kind == "protocol"

    run(main)


def test_a_declined_handshake_is_an_answer() -> None:
    async def main() -> None:
        async with (
            Peer(always(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")) as peer,
            Served(peer) as served,
        ):
            visitor = await served.visit(HANDSHAKE + b"\x81early")
            answer = await visitor.answer()
            assert (answer.status, answer.body) == (403, b"no")
            assert await visitor.ends()

    run(main)


# -- connections that end early


async def hangs(link: Link) -> None:
    await link.request()
    await link.closed()


def test_a_client_that_leaves_ends_what_it_asked_for() -> None:
    async def main() -> None:
        async with Peer(hangs) as peer, Served(peer) as served:
            visitor = await served.visit(post(b"1") + post(b"2") + post(b"3"))
            await until(lambda: peer.links)
            await asyncio.sleep(0.02)
            visitor.leave()
            await until(lambda: peer.ended == 1)
            await asyncio.sleep(0.02)
            (record,) = served.records
            assert record.failure is not None
            assert record.failure.kind == "client_disconnected"
            assert not served.front.connections

    run(main)


BREAKS: dict[str, tuple[bytes, bytes]] = {
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nContent-Length: 99\r\n\r\nhalf", b"half"),
    "chunks": (b"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"half"),
    "coded events": (SSE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + b"4\r\nhalf\r\n", b"half"),
}


@pytest.mark.parametrize("case", BREAKS)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_an_answer_that_breaks_off_ends_its_connection_with_a_reset(case: str, version: bytes) -> None:
    """Even a client that reads to the end of the connection must not take the half for the whole."""
    data, half = BREAKS[case]

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(data, pause=0.03)

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            visitor = await served.visit(ask(b"/v1/x", version=version))
            assert (await visitor.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await visitor.reader.readexactly(10_000)
            if version == b"1.0" and case != "a length":  # nothing but the reset tells
                assert isinstance(visitor.reader.exception(), ConnectionResetError)
            (record,) = served.records
            assert record.failure is not None
            assert record.failure.kind == "reset"
            assert record.response is not None
            assert (record.response.body, record.response.complete) == (half, False)

    run(main)


def test_events_that_break_off_end_in_an_error_event_and_a_whole_framing() -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(SSE, b"c\r\ndata: {}\n\nda\r\n", pause=0.01)

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            visitor = await served.visit(post() + HEALTH)
            body = (await visitor.answer()).body
            assert body.startswith(b"data: {}\n\nda\nevent: error\n")
            assert body.endswith(b"\n\n")
            assert (await visitor.answer()).status == 200

    run(main)


def test_a_slow_client_slows_the_provider() -> None:
    sent = 0

    async def serve(link: Link) -> None:
        nonlocal sent
        await link.request()
        await link.send(b"HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            await link.send(b"x" * 100_000)
            sent += 100_000

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            visitor = await served.visit(post())
            await visitor.reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.3)
            held = sent
            assert held < 30_000_000
            await asyncio.sleep(0.1)
            assert sent == held
            assert len(await visitor.reader.readexactly(100_000_000)) == 100_000_000
            (record,) = served.records
            assert record.response is not None
            assert record.response.size == 100_000_000
            assert record.response.dropped >= 80_000_000

    run(main)


# -- the end of the front


def test_stopping_lets_answers_finish() -> None:
    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer) as served:
            idle = await served.visit(HEALTH)
            assert (await idle.answer()).status == 200
            busy = await served.visit(wait(150, b"late") + HEALTH)
            await until(lambda: peer.links)
            stopping = asyncio.create_task(served.front.stop(5))
            assert await idle.ends()
            with pytest.raises(OSError, match=r"."):
                await asyncio.open_connection("127.0.0.1", served.port)
            answer = await busy.answer()
            assert answer.body == b"late"
            assert await busy.ends()
            async with asyncio.timeout(1):
                await stopping

    run(main)


def test_stopping_does_not_wait_for_ever() -> None:
    async def main() -> None:
        async with Peer(hangs) as peer, Served(peer) as served:
            busy = await served.visit(post())
            await until(lambda: peer.links)
            await asyncio.sleep(0.02)
            begun = time.monotonic()
            await served.front.stop(0.2)
            assert 0.15 < time.monotonic() - begun < 8
            answer = await busy.answer()
            assert (answer.status, b"stopping" in answer.body) == (503, True)
            assert await busy.ends()
            await until(lambda: peer.ended == 1)

    run(main)


# -- any bytes

PIECES = st.sampled_from(
    [
        HEALTH, post(), post(b"x" * 3000), ask(b"/nowhere"), HANDSHAKE, b"GET ", b"\r\n", b"\r\n\r\n", KEY, HOST,
        b"POST /v1/messages HTTP/1.1\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n", b"0\r\n\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n",
        b"\x16\x03\x01\x00", b"\x00\xff",
        post(b"{}", b"Origin: null"), post(b"{}", b"Upgrade: h2c", b"Connection: upgrade"),
    ]
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES | st.binary(max_size=20), max_size=10), together=st.booleans())
def test_any_bytes_get_answers_or_an_end(pieces: list[bytes], together: bool) -> None:
    """Each request one answer, a broken one an error; then the connection waits or ends, and the next one is served."""

    async def main() -> None:
        async with Peer(Echo()) as peer, Served(peer, listener=HASTY) as served:
            visitor = await served.visit()
            await visitor.send(*([b"".join(pieces)] if together else pieces), pause=0.0 if together else 0.001)
            await drained(visitor)
            assert (await served.one(HEALTH)).status == 200

    run(main)


HASTY = {"header_timeout_seconds": 0.1, "body_timeout_seconds": 0.1, "keepalive_seconds": 0.1}


async def drained(visitor: Visitor) -> None:
    """Reads answers until the connection ends."""
    try:
        async with asyncio.timeout(5):
            while not visitor.reader.at_eof():
                answer = await visitor.answer()
                assert 100 < answer.status < 600
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
