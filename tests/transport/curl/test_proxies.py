"""Requests by way of a proxy."""

from __future__ import annotations

import base64
import socket

import pytest

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.upstream import Proxy, ProxyScheme, Upstream
from tests.support.ports import free_port
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.asking import ask, carrier, refused
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.curl.proxy_peer import ProxyPeer
from tests.transport.peer import Peer, always, get, ok

SECRET = "p@ss:w/rd %?#é"


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("password", ["", SECRET])
def test_socks(run: Run, scheme: ProxyScheme, password: str) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, ProxyPeer(peer.origin.port, scheme) as proxy, carrier() as curl:
            host = "localhost" if scheme == "socks5h" else "127.0.0.1"
            origin = Origin("http", host, peer.origin.port)
            way = Upstream(origin, proxy=proxy.proxy("us:er" if password else "", password))
            for _ in range(2):
                assert await ask(curl, way) == b"x"
            assert proxy.asked == [b"%b:%d" % (host.encode(), origin.port)]
            assert proxy.credentials == ([f"us:er:{password}".encode()] if password else [])

    run(main)


def test_names_are_resolved_by_the_proxy(run: Run, authority: Authority) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, ProxyPeer(peer.origin.port, "socks5h") as proxy, carrier() as curl:
            assert await ask(curl, Upstream(Origin("http", "api.test", 80), proxy=proxy.proxy())) == b"x"
            assert proxy.asked == [b"api.test:80"]

    run(main)


def test_connect(run: Run, authority: Authority) -> None:
    """What the proxy answers to CONNECT is no part of the answer, and it sees nothing of the request."""

    async def main() -> None:
        async with (
            H2Peer(Stream.answer, authority.server_context()) as peer,
            ProxyPeer(peer.origin.port, "http") as proxy,
            carrier() as curl,
        ):
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file), proxy=proxy.proxy("user", SECRET))
            stream = await curl.send(way, get())
            assert await stream.read() == b""
            assert (stream.status, stream.http_version, stream.headers) == (200, "2", [])
            assert proxy.asked == [b"CONNECT 127.0.0.1:%d HTTP/1.1" % peer.origin.port]
            assert proxy.credentials == [b"Basic " + base64.b64encode(f"user:{SECRET}".encode())]
            assert peer.streams[0].headers == []

    run(main)


@pytest.mark.parametrize(("target", "seen"), [(b"/a/../b?c", b"/a/../b?c"), (b"*", b"")])
def test_absolute_form(run: Run, target: bytes, seen: bytes) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x"))) as peer, ProxyPeer(peer.origin.port, "http") as proxy, carrier() as curl:
            request = HttpRequest("GET", target, [(b"Host", b"x"), (b"Proxy-Authorization", b"another's")])
            assert await ask(curl, Upstream(peer.origin, proxy=proxy.proxy()), request) == b"x"
            assert proxy.asked == [b"GET %b%b HTTP/1.1" % (str(peer.origin).encode(), seen)]
            assert proxy.headers == [[(b"Host", b"x")]]

    run(main)


@pytest.mark.parametrize(("scheme", "refusal"), [("http", 407), ("http", 502), ("socks5h", 5)])
def test_a_proxy_that_refuses(run: Run, scheme: ProxyScheme, refusal: int) -> None:
    async def main() -> None:
        async with ProxyPeer(9, scheme, refusal) as proxy, carrier() as curl:
            way = Upstream(Origin("https", "127.0.0.1", 9), proxy=proxy.proxy("user", SECRET))
            error = await refused(curl, way)
            assert (error.kind, error.untouched) == ("connect", scheme != "http")
            assert SECRET not in str(error)
            assert "user:" not in str(error)
            assert str(refusal) in str(error)

    run(main)


def test_nobody_is_there(run: Run) -> None:
    async def main() -> None:
        async with carrier() as curl:
            for way in (
                Upstream(Origin("http", "127.0.0.1", free_port())),
                Upstream(Origin("http", "127.0.0.1", 9), proxy=Proxy("socks5", "127.0.0.1", free_port(), "u", SECRET)),
            ):
                error = await refused(curl, way)
                assert (error.kind, error.untouched) == ("connect", True)
                assert "refused" in str(error)
                assert SECRET not in str(error)

    run(main)


def test_the_environment_has_no_say(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "*")

        async def main() -> None:
            async with Peer(always(ok(b"x"))) as peer, ProxyPeer(peer.origin.port, "http") as proxy, carrier() as curl:
                assert await ask(curl, Upstream(peer.origin)) == b"x"
                assert await ask(curl, Upstream(peer.origin, proxy=proxy.proxy())) == b"x"
                assert len(proxy.asked) == 1

        run(main)
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
