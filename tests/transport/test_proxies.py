"""Requests by way of an HTTP proxy: tunnels, absolute-form, and what goes wrong there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ccproxy.config import Config
from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.transport import Transport
from ccproxy.transport.upstream import Proxy, Timeouts, Upstream
from ccproxy.transport.ways import Ways
from tests.support.http import field_of
from tests.support.ports import free_port
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, get, ok, until
from tests.transport.proxy import TestProxy, basic

LOGIN = "me:open sesame"


async def numbered(link: Link) -> None:
    """Tells the number of its connection and what it was asked."""
    while True:
        seen = await link.request()
        private = field_of(seen.headers, "proxy-authorization") or b"-"
        await link.send(ok(b"%d %b %b" % (link.number, seen.line, private)))


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize("login", ["", LOGIN], ids=["open", "login"])
def test_a_tunnel_to_an_https_origin(run: Run, trusted: Authority, proxy_tls: bool, login: str) -> None:
    """Its proxy sees names only; the connection is used again."""
    tls = trusted.server_context()

    async def main() -> None:
        async with Peer(numbered, tls) as peer, TestProxy(tls if proxy_tls else None, login) as proxy:
            pool, way = NativePool(Limits()), Upstream(peer.origin, proxy=proxy.proxy(login))
            for number in range(2):
                stream = await pool.send(way, get(b"/x"))
                assert (await stream.read(), stream.reused) == (b"0 GET /x HTTP/1.1 -", number > 0)
            (seen,) = proxy.seen
            assert seen.line == b"CONNECT 127.0.0.1:%d HTTP/1.1" % peer.origin.port
            assert field_of(seen.headers, "host") == seen.target
            assert field_of(seen.headers, "proxy-authorization") == (basic(login) if login else None)
            await pool.close()
            await until(lambda: proxy.open == 0 and peer.ended == 1)

    run(main)


def test_a_name_with_the_dot_of_the_root(run: Run, trusted: Authority) -> None:
    """Neither certificates nor SNI have that dot (RFC 6066 §3); `host: api.example.com.` is a name all the same."""
    named: list[str | None] = []
    tls = trusted.server_context()
    tls.sni_callback = lambda _, name, __: named.append(name)

    async def main() -> None:
        async with Peer(numbered, tls) as peer, TestProxy() as proxy:
            pool, origin = NativePool(Limits()), Origin("https", "localhost.", peer.origin.port)
            stream = await pool.send(Upstream(origin, proxy=proxy.proxy()), get(b"/x"))
            assert await stream.read() == b"0 GET /x HTTP/1.1 -"
            assert named == ["localhost"]
            await pool.close()
        named.clear()

    run(main)


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize("target", [b"/a?b=1", b"*"])
def test_an_http_origin_is_asked_for_in_absolute_form(
    run: Run, trusted: Authority, proxy_tls: bool, target: bytes
) -> None:
    """Also in the second request on a connection; a client's own words to a proxy stay here."""

    async def serve(link: Link) -> None:
        while True:
            seen = await link.request()
            await link.send(ok(seen.line + b"|" + (field_of(seen.headers, "proxy-authorization") or b"-")))

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if proxy_tls else None) as peer:
            pool = NativePool(Limits())
            scheme = "https" if proxy_tls else "http"
            way = Upstream(
                Origin("http", "api.test", 8080), proxy=Proxy(scheme, "127.0.0.1", peer.origin.port, *LOGIN.split(":"))
            )
            request = HttpRequest("OPTIONS", target, [(b"Host", b"api.test:8080"), (b"Proxy-Authorization", b"theirs")])
            asked = b"OPTIONS http://api.test:8080%b HTTP/1.1|%b" % (target.strip(b"*"), basic(LOGIN))
            for _ in range(2):
                assert await (await pool.send(way, request)).read() == asked
            assert len(peer.links) == 1
            await pool.close()

    run(main)


def test_a_proxy_that_forwards(run: Run) -> None:
    async def main() -> None:
        async with Peer(numbered) as peer, TestProxy(login=LOGIN) as proxy:
            pool = NativePool(Limits())
            stream = await pool.send(Upstream(peer.origin, proxy=proxy.proxy(LOGIN)), get(b"/x"))
            assert await stream.read() == b"0 GET /x HTTP/1.1 -"
            await pool.close()

    run(main)


async def failure(upstream: Upstream) -> tuple[TransportError, int]:
    """The error of one delivery, and the attempts it took."""
    ways = Ways(Config(), {})
    ways.upstream = lambda *_, **__: upstream  # type: ignore[method-assign] # this one, wherever it leads
    pool = NativePool(Limits())
    transport = Transport(ways, pool, CurlCarrier(), CurlCarrier())
    delivery = Delivery(upstream.origin, get())
    with pytest.raises(TransportError) as caught:
        await (await transport.send(delivery)).read()
    await transport.close()
    assert "sesame" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value, len(delivery.attempts)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("login", "words"), [("", "a user name and a password"), (LOGIN, "other credentials")])
def test_a_proxy_that_lets_nobody_in(run: Run, scheme: str, login: str, words: str) -> None:
    """It is asked once."""

    async def main() -> None:
        async with TestProxy(login="some:body") as proxy:
            way = Upstream(Origin(scheme, "api.test", 9), proxy=proxy.proxy(login))
            error, attempts = await failure(way)
            assert (error.kind, error.status, attempts) == ("connect", 502, 1)
            assert str(error) == f"the proxy http://127.0.0.1:{proxy.port} asks for {words} (407)"
            assert len(proxy.seen) == 1
            await until(lambda: proxy.open == 0)

    run(main)


REFUSALS: dict[str, tuple[bytes, str, int]] = {
    "403": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", "to https://api.test: 403 Forbidden", 1),
    "502 without a reason": (b"HTTP/1.0 502\r\n\r\n", "to https://api.test: 502", 1),
    "101": (b"HTTP/1.1 101 Switching\r\n\r\n", "to https://api.test: 101", 1),
    "no HTTP": (b"SSH-2.0-x\r\n\r\n", "no HTTP/1.1", 1),
    "no header": (b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "no HTTP/1.1", 1),
    "NUL": (b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "no HTTP/1.1", 1),
    "HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", "no HTTP/1.1", 1),
    "speaks first": (b"HTTP/1.1 200 OK\r\n\r\nhello", "more than it was asked", 1),
    "endless": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000, "does not end", 1),
    "endless interim": (b"HTTP/1.1 100 Continue\r\n\r\n" + b"x" * 40_000, "does not end", 1),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_answer_to_connect_that_is_no_tunnel(run: Run, case: str) -> None:
    said, words, attempts = REFUSALS[case]

    async def main() -> None:
        async with TestProxy(said=said) as proxy:
            error, asked = await failure(Upstream(Origin("https", "api.test", 443), proxy=proxy.proxy(LOGIN)))
            assert (error.kind, asked) == ("connect", attempts)
            assert words in str(error)
            assert f"the proxy http://127.0.0.1:{proxy.port} does not" in str(error)
            await until(lambda: proxy.open == 0)

    run(main)


def test_interim_answers_to_connect_are_passed_over(run: Run) -> None:
    """The answer may come in any pieces."""
    begun: list[bytes] = []

    async def serve(link: Link) -> None:
        await link.head()
        await link.send(*[b"%c" % byte for byte in b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Yes\r\nA: b\r\n\r\n"])
        begun.append(await link.reader.readexactly(2))
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            way = Upstream(Origin("https", "api.test", 443), proxy=Proxy("http", "127.0.0.1", peer.origin.port))
            asking = asyncio.create_task(NativePool(Limits()).send(way, get()))
            await until(lambda: begun)
            assert begun == [b"\x16\x03"], "the handshake with the origin"
            asking.cancel()
            await until(lambda: peer.ended == 1)

    run(main)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(run: Run, scheme: str) -> None:
    async def main() -> None:
        port = free_port()
        way = Upstream(Origin(scheme, "api.test", 9), proxy=Proxy("http", "127.0.0.1", port))
        error, attempts = await failure(way)
        assert (error.kind, attempts) == ("connect", 2)
        assert f"no connection to the proxy http://127.0.0.1:{port}: Connection refused" in str(error)

    run(main)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_the_limit_on_connecting_holds_for_all_of_it(run: Run, said: bytes) -> None:
    async def main() -> None:
        async with TestProxy(said=said) as proxy:
            way = Upstream(Origin("https", "api.test", 443), proxy=proxy.proxy(), timeouts=Timeouts(connect=0.2))
            error, attempts = await failure(way)
            assert (error.kind, attempts) == ("connect_timeout", 1)
            words = f"no connection to https://api.test by the proxy http://127.0.0.1:{proxy.port} within 0.2 s"
            assert str(error) == words
            await until(lambda: proxy.open == 0)

    run(main)


def test_a_proxy_that_closes_instead_of_answering_is_asked_once_more(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.head()

    async def main() -> None:
        async with Peer(serve) as peer:
            way = Upstream(Origin("https", "api.test", 443), proxy=Proxy("http", "127.0.0.1", peer.origin.port))
            error, attempts = await failure(way)
            assert (error.kind, attempts, len(peer.links)) == ("connect", 2, 2)
            assert "closed the connection instead of making a tunnel" in str(error)

    run(main)


def test_who_is_not_trusted_is_named(run: Run, authority: Authority) -> None:
    """The proxy's certificate or the origin's: neither is trusted here, and nothing is sent."""
    tls = authority.server_context()

    async def main() -> None:
        async with Peer(numbered, tls) as peer, TestProxy() as plain:
            error, _ = await failure(Upstream(peer.origin, proxy=plain.proxy(LOGIN)))
            assert (error.kind, f"certificate of {peer.origin} is not trusted" in str(error)) == ("tls", True)
            secure = Proxy("https", "127.0.0.1", peer.origin.port)
            error, _ = await failure(Upstream(replace(peer.origin, port=1), proxy=secure))
            assert (error.kind, f"certificate of the proxy {secure} is not trusted" in str(error)) == ("tls", True)

    try:
        run(main)
    except AssertionError as error:
        if "SSL handshake" not in str(error):
            raise
