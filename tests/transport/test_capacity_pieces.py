"""A stream's first event as it comes over real connections: cut in pieces, late, or never whole."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ccproxy.transport.carrier import Carrier, Incoming
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery, Walk
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import CapacityPolicy, Upstream
from ccproxy.transport.walking import Walking
from tests.support.http import Header
from tests.support.tls import Authority
from tests.transport.capacity_kinds import BY_NAME, GOOD_EVENT
from tests.transport.capacity_stage import Virtual, call, with_model
from tests.transport.conftest import Run
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.peer import Link, Peer

APART = 0.02
"""Seconds between two pieces."""
ERROR = b"data: " + BY_NAME["429, a pause is told"].content("a", 1) + b"\r\n\r\n"
EVENTS: list[Header] = [(b"content-type", b"text/event-stream")]
CODED: list[Header] = [*EVENTS, (b"content-encoding", b"gzip")]


@dataclass
class Source:
    """Answers each model's requests with events in pieces; None waits until `go` is set."""

    answers: dict[str, list[bytes | None]]
    fields: list[Header] = field(default_factory=lambda: EVENTS)
    asked: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def pieces(self, body: bytes) -> AsyncIterator[bytes]:
        model: str = json.loads(body)["model"]
        self.asked.append(model)
        for number, piece in enumerate(self.answers[model]):
            if piece is None:
                await self.go.wait()
                continue
            if number:
                await asyncio.sleep(APART)
            yield piece

    async def by_native(self, link: Link) -> None:
        while True:
            seen = await link.request()
            fields = b"".join(b"%b: %b\r\n" % each for each in self.fields)
            await link.send(b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n" % fields)
            async for piece in self.pieces(seen.body):
                await link.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await link.send(b"0\r\n\r\n")

    async def by_curl(self, stream: Stream) -> None:
        await stream.ended.wait()
        stream.head(200, *self.fields)
        async for piece in self.pieces(stream.body):
            await stream.data(piece)
        await stream.data(b"", end=True)


type Ask = Callable[[CapacityPolicy], "asyncio.Future[Incoming]"]


@asynccontextmanager
async def asking(way: str, source: Source, authority: Authority) -> AsyncIterator[Ask]:
    """A call for the model `a`, on a clock that nobody waits for."""
    native = way == "native"
    peer = Peer(source.by_native) if native else H2Peer(source.by_curl, authority.server_context())
    carrier: Carrier = NativePool(Limits()) if native else CurlCarrier()
    async with peer as served:
        upstream = Upstream(served.origin, http2=not native)

        def ask(policy: CapacityPolicy) -> asyncio.Future[Incoming]:
            walk, virtual = Walk("a", with_model), Virtual()
            delivery = Delivery(served.origin, call("a"), walk=walk)
            sending = Sending(carrier, dataclasses.replace(upstream, capacity=policy), delivery, virtual.clock)
            return asyncio.ensure_future(Walking(sending, policy, delivery, walk, virtual.clock).run())

        try:
            yield ask
        finally:
            await carrier.close()


POLICY = CapacityPolicy(attempts=1, fallback_models=("b",))
ways = pytest.mark.parametrize("way", ["native", "curl"])


@ways
@pytest.mark.parametrize(
    "pieces",
    [
        [ERROR[:40], ERROR[40:]],
        [ERROR[:-1], ERROR[-1:]],
        [b": ping\n\n", b": ping\n\n", ERROR],
        [b": ping", b"\n\nevent: error\nda", ERROR[2:9], ERROR[9:]],
    ],
    ids=["in the middle", "before its end", "behind comments", "everywhere"],
)
@pytest.mark.parametrize("fields", [EVENTS, CODED], ids=["plain", "coded"])
def test_an_error_is_seen_however_it_is_cut(
    run: Run, trusted: Authority, way: str, pieces: list[bytes], fields: list[Header]
) -> None:
    async def main() -> None:
        code = coder(fields)
        cut = [code(piece) for piece in pieces]
        source = Source({"a": [*cut], "b": [coder(fields)(GOOD_EVENT)]}, fields)
        async with asking(way, source, trusted) as ask:
            incoming = await ask(POLICY)
            assert (await incoming.read() or b"") == source.answers["b"][0]
            assert source.asked == ["a", "a", "b"]

    run(main)


def coder(fields: list[Header]) -> Callable[[bytes], bytes]:
    """Codes a piece so that it can be read at once, each as a member of its own."""
    return (lambda piece: gzip.compress(piece, mtime=0)) if fields is CODED else (lambda piece: piece)


@ways
@pytest.mark.parametrize("fields", [EVENTS, CODED], ids=["plain", "coded"])
def test_the_first_whole_event_goes_on_at_once(run: Run, trusted: Authority, way: str, fields: list[Header]) -> None:
    async def main() -> None:
        code = coder(fields)
        first, rest = code(b": ping\n\n" + GOOD_EVENT + b"data: h"), code(b"alf\n\n")
        source = Source({"a": [first[:25], first[25:], None, rest]}, fields)
        async with asking(way, source, trusted) as ask:
            incoming = await ask(dataclasses.replace(POLICY, patience=1e6))
            assert await anext(incoming) == first
            source.go.set()
            assert await anext(incoming) == rest
            assert await incoming.read() == b""

    run(main)


@ways
@pytest.mark.parametrize("fields", [EVENTS, CODED], ids=["plain", "coded"])
@pytest.mark.parametrize("patience", [0.03, 0.05])
def test_an_event_without_an_end_goes_on_whole_in_the_end(
    run: Run, trusted: Authority, way: str, fields: list[Header], patience: float
) -> None:
    """Pieces come while and after patience is lost."""

    async def main() -> None:
        body = gzip.compress(ERROR * 3, mtime=0) if fields is CODED else ERROR * 3
        pieces = [body[at : at + 7] for at in range(0, 70, 7)]
        source = Source({"a": [*pieces, None, body[70:]]}, fields)
        async with asking(way, source, trusted) as ask:
            incoming = await ask(dataclasses.replace(POLICY, patience=patience))
            begun = await anext(incoming)
            assert body.startswith(begun)
            source.go.set()
            assert begun + (await incoming.read() or b"") == body
            assert source.asked == ["a"]

    run(main)


@ways
def test_who_gives_up_waiting_for_a_chunk_misses_none(run: Run, trusted: Authority, way: str) -> None:
    async def main() -> None:
        pieces = [b"data: %d\n\n" % number for number in range(20)]
        source = Source({"a": [*pieces]})
        async with asking(way, source, trusted) as ask:
            incoming, body, given_up = await ask(POLICY), b"", 0
            while len(body) < len(b"".join(pieces)):
                try:
                    async with asyncio.timeout(APART / 4):
                        body += await anext(incoming)
                except TimeoutError:
                    given_up += 1
            assert given_up
            assert body == b"".join(pieces)
            assert await incoming.read() == b""

    run(main)
