"""HTTP/3 from end to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

from ccproxy.exchange import Exchange
from tests.fronts.interceptor.native.stand import BOUND_SECONDS, Lane, Stand
from tests.support.ports import free_port

ANSWER = b"answered \x00\xff" * 5000


class Peer(QuicConnectionProtocol):
    """Either side of HTTP/3. A server answers each request that is whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.headers: dict[int, list[tuple[bytes, bytes]]] = {}
        self.bodies: dict[int, bytes] = {}
        self.whole = asyncio.Event()

    def quic_event_received(self, event: QuicEvent) -> None:
        for heard in self.http.handle_event(event):
            self.heard(heard)

    def heard(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            self.headers[event.stream_id] = event.headers
        elif isinstance(event, DataReceived):
            self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
        if isinstance(event, HeadersReceived | DataReceived) and event.stream_ended:
            self.ended(event.stream_id)

    def ended(self, stream: int) -> None:
        self.whole.set()

    def say(self, stream: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.http.send_headers(stream, headers)
        self.http.send_data(stream, body, end_stream=True)
        self.transmit()


class Answers(Peer):
    def ended(self, stream: int) -> None:
        echoed = self.bodies.get(stream, b"")
        self.say(stream, [(b":status", b"200"), (b"x-len", b"%d" % len(echoed))], echoed + ANSWER)


@asynccontextmanager
async def upstream(folder: Path, root: trustme.CA) -> AsyncIterator[int]:
    leaf = root.issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    settings = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    settings.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    port = free_port()
    server = await serve("127.0.0.1", port, configuration=settings, create_protocol=Answers)
    yield port
    server.close()


async def ask(stand: Stand, lane: Lane, body: bytes) -> Peer:
    settings = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name="localhost")
    settings.load_verify_locations(str(stand.ca_file))
    async with connect("127.0.0.1", lane.port, configuration=settings, create_protocol=Peer) as peer:
        assert isinstance(peer, Peer)
        fields = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/h3?x=1")]
        peer.say(0, [*fields, (b"x-two", b"2")], body)
        await asyncio.wait_for(peer.whole.wait(), BOUND_SECONDS)
        return peer


@pytest.fixture
def trusted(tmp_path: Path, stand: Stand, authority: Any) -> trustme.CA:
    """A CA that the stand trusts beside the others."""
    root = trustme.CA()
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.ca_file.read_bytes() + root.cert_pem.bytes())
    stand.call(lambda: stand.master.options.update(ssl_verify_upstream_trusted_ca=str(bundle)))
    return root


def test_every_byte_passes_both_ways(stand: Stand, trusted: trustme.CA, tmp_path: Path) -> None:
    sent = bytes(range(256)) * 300

    async def main() -> tuple[Peer, Exchange]:
        async with upstream(tmp_path, trusted) as port:
            lane = stand.lane(port, "udp")
            peer = await ask(stand, lane, sent)
            return peer, await asyncio.to_thread(lane.exchange)

    peer, ex = asyncio.run(asyncio.wait_for(main(), 2 * BOUND_SECONDS))
    assert peer.bodies[0] == sent + ANSWER
    assert peer.headers[0] == [(b":status", b"200"), (b"x-len", b"%d" % len(sent))]
    assert (ex.protocol, ex.request.http_version, ex.request.target) == ("http", "3", b"/h3?x=1")
    assert (ex.request.headers, ex.request.body) == ([(b"x-two", b"2")], sent)
    assert ex.response is not None
    assert (ex.response.http_version, ex.response.body) == ("3", sent + ANSWER)
    assert ex.failure is None
