"""A thousand clients that leave libcurl's carrier, and 256 streams at once by each carrier: nothing of them stays.

The same thousand leave the native carrier in tests/bad_input/test_leaving.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.fault import Answer
from tests.faults.frames import H2Link, data, head
from tests.faults.servers import Certificates, Servers
from tests.support.daemon import Daemon
from tests.support.dialects import OPENAI
from tests.support.http import Client, request_bytes
from tests.transport.peer import Link

ANSWER = Answer.of("openai", streamed=True)
AT_ONCE, ROUNDS, STREAMS = 50, 5, 256
WAYS = {"native": "plain", "curl": "good", "curl over HTTP/2": "h2"}
"""Carrier and protocol -> certificate."""
STAGES = ("before the head", "after the head", "in the body", "in the upload")


class Provider:
    """Answers as far as `stage` says; counts requests and those whose client is still there."""

    def __init__(self) -> None:
        self.stage, self.asked, self.here = "whole", 0, 0
        self.go = asyncio.Event()

    async def release(self) -> None:
        """Those that wait for one another go on."""
        self.go.set()

    async def http1(self, link: Link) -> None:
        """A connection of HTTP/1.1."""
        while True:
            await (link.head() if self.stage == "in the upload" else link.request())
            with self.counted():
                begun = ANSWER.head(b"Transfer-Encoding: chunked")
                piece = b"%x\r\n%b\r\n" % (len(ANSWER.body), ANSWER.body)
                await self._answer(link, begun, piece, b"0\r\n\r\n")

    async def http2(self, link: Link) -> None:
        """A connection of HTTP/2. Its streams are answered side by side; those that the client resets are gone."""
        h2 = H2Link(link)
        tasks: dict[int, asyncio.Task[None]] = {}
        try:
            async for stream in h2.streams(tasks, patient=self.stage != "in the upload"):
                tasks[stream] = asyncio.ensure_future(self._stream(link, stream))
        finally:
            for task in tasks.values():
                task.cancel()

    async def _stream(self, link: Link, stream: int) -> None:
        with self.counted():
            frames = head(stream, ANSWER), data(stream, ANSWER.body), data(stream, b"", end=True)
            await self._answer(link, *frames, hang=asyncio.Event().wait)

    async def _answer(
        self, link: Link, begun: bytes, piece: bytes, end: bytes, hang: Callable[[], object] | None = None
    ) -> None:
        hang = hang or link.closed
        if self.stage in ("before the head", "in the upload"):
            await hang()  # type: ignore[misc]
        await link.send(begun)
        if self.stage == "after the head":
            await hang()  # type: ignore[misc]
        await link.send(piece)
        if self.stage == "in the body":
            await hang()  # type: ignore[misc]
        if self.stage == "together":
            await self.go.wait()
        await link.send(end)

    def counted(self) -> Counted:
        """Around the work on one request."""
        return Counted(self)


class Counted:
    """One request that is being answered."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __enter__(self) -> None:
        self._provider.asked += 1
        self._provider.here += 1

    def __exit__(self, *_: object) -> None:
        self._provider.here -= 1


type Place = tuple[Daemon, Provider, Servers]


@pytest.fixture(scope="module", params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A daemon whose provider is reached in one way."""
    with ExitStack() as stack:
        servers = Servers()
        stack.callback(servers.close)
        certificates, provider = Certificates(tmp_path_factory.mktemp("leaving")), Provider()
        tls = WAYS[request.param]
        port = servers.serve(provider.http2 if tls == "h2" else provider.http1, certificates.context(tls))
        url = f"{'http' if tls == 'plain' else 'https'}://127.0.0.1:{port}"
        config = {
            "providers": {"p": {"type": "openai", "base_url": url, "http2": request.param != "native"}},
            "transport": {"ca_file": str(certificates.ca_file), "keepalive_seconds": 1},
            "flows": {"memory_max_bytes": 1_000_000},
        }
        yield stack.enter_context(Daemon(config)), provider, servers


@pytest.mark.parametrize("place", list(WAYS)[1:], indirect=True)
def test_a_thousand_clients_leave_nothing_behind(place: Place) -> None:
    """No socket, no exchange under way, no stream at the provider, no memory to speak of."""
    daemon, provider, _ = place
    provider.stage = "whole"
    ask_all(daemon, 2)
    idle(daemon)
    before, resident = descriptors(daemon), 0
    for turn in range(ROUNDS):
        for provider.stage in STAGES:
            provider.asked = 0
            with ExitStack() as stack:
                for number in range(AT_ONCE):
                    begin(daemon, stack, big=provider.stage == "in the upload", stream=number % 2 == 0)
                assert comes_about(lambda: provider.asked == AT_ONCE)
            assert comes_about(lambda: active(daemon) == 0)
            assert comes_about(lambda: provider.here == 0), provider.stage
        resident = resident or daemon.resident_bytes()  # what the first turn fills is filled once
        assert daemon.resident_bytes() - resident < 30_000_000, turn
    provider.stage = "whole"
    ask_all(daemon, 2)
    idle(daemon)
    assert comes_about(lambda: descriptors(daemon) <= before), (before, descriptors(daemon))
    daemon.healthy()


def test_streams_at_once(place: Place) -> None:
    """Each has begun before the first one ends, and each is whole."""
    daemon, provider, servers = place
    provider.stage, provider.asked = "together", 0
    with ExitStack() as stack:
        clients = [begin(daemon, stack) for _ in range(STREAMS)]
        assert comes_about(lambda: provider.asked == STREAMS, 20.0)
        heads = [client.head() for client in clients]
        servers.call(provider.release())
        for client, answer in zip(clients, heads, strict=True):
            assert b"".join(client.pieces(answer)) == ANSWER.body
    assert comes_about(lambda: active(daemon) == 0)
    assert comes_about(lambda: provider.here == 0)
    daemon.healthy()


def begin(daemon: Daemon, stack: ExitStack, *, big: bool = False, stream: bool = True) -> Client:
    """A client that has asked."""
    client = stack.enter_context(daemon.client(20))
    body = OPENAI.body(stream=stream)
    if big:
        body = body.removesuffix(b"}") + b', "pad": "' + b"x" * 400_000 + b'"}'
    client.send(request_bytes("POST", OPENAI.target(stream=stream), [OPENAI.key("p")], body))
    return client


def ask_all(daemon: Daemon, count: int) -> None:
    """Good answers."""
    for _ in range(count):
        with ExitStack() as stack:
            assert begin(daemon, stack).response().body == ANSWER.body


def comes_about(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Waits for it."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return met


def active(daemon: Daemon) -> int:
    """Exchanges under way."""
    return int(daemon.control("GET", "/status")["flows"]["active"])


def descriptors(daemon: Daemon) -> int:
    """Open files and sockets."""
    return sum(1 for _ in Path(f"/proc/{daemon.pid}/fd").iterdir())


def idle(daemon: Daemon) -> None:
    """Waits until nothing is under way."""
    assert comes_about(lambda: active(daemon) == 0)
