"""Whom the way outside trusts, and by which proxies it goes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.outer_world import LIMIT, PRIVATE, PUBLIC, SECONDS, World, refused, shows, to
from tests.transport.peer import Link, Peer, Serve, always, ok

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def test_tls_is_verified_for_the_name(run: Run, trusted: Authority) -> None:
    """And the name is what the server is told, although an address is connected to."""
    told: list[str | None] = []
    context = trusted.server_context()
    context.sni_callback = lambda _, name, __: told.append(name)

    async def main() -> None:
        async with Peer(always(ok(PICTURE)), context) as peer:
            outside = World(localhost=[[PUBLIC]]).outside()
            found = await outside.get(f"https://LOCALHOST:{peer.origin.port}/", LIMIT, SECONDS)
            assert (found.body, found.media_type, told) == (PICTURE, "image/png", ["localhost"])

    run(main)


@pytest.mark.parametrize("case", ["another name", "nobody known"])
def test_certificates_that_prove_nothing(run: Run, trusted: Authority, case: str) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "another name": trusted.server_context,
        "nobody known": lambda: shows(trustme.CA().issue_cert("files.example")),
    }
    came: list[bytes] = []

    async def serve(link: Link) -> None:
        came.append(await link.reader.read())

    async def main() -> None:
        async with Peer(serve, contexts[case]()) as peer:
            outside = World(files_example=[[PUBLIC]]).outside()
            said = await refused(outside, f"https://files.example:{peer.origin.port}/")
            assert f"the certificate of https://files.example:{peer.origin.port} is not trusted" in said

    try:
        run(main)
    except AssertionError as error:
        if "SSL handshake" not in str(error):  # a server's loop reports a handshake that its client broke off
            raise
    assert not any(came)


def test_no_redirect_from_https_to_http(run: Run, trusted: Authority) -> None:
    async def main() -> None:
        async with (
            Peer(always(ok(b"bare"))) as bare,
            Peer(always(to(f"{bare.origin}/")), trusted.server_context()) as peer,
        ):
            said = await refused(World().outside(), f"{peer.origin}/")
            assert "it redirects from https to http" in said
            assert not bare.links
        async with (
            Peer(always(ok(b"safe")), trusted.server_context()) as safe,
            Peer(always(to(f"{safe.origin}/"))) as peer,
        ):
            assert (await World().outside().get(f"{peer.origin}/", LIMIT, SECONDS)).body == b"safe"

    run(main)


# -- by a proxy


def tunnels(to_port: int, seen: list[bytes]) -> Serve:
    """A proxy that makes every tunnel to one port of this machine."""

    async def serve(link: Link) -> None:
        seen.append((await link.head()).line)
        reader, writer = await asyncio.open_connection(PUBLIC, to_port)
        await link.send(b"HTTP/1.1 200 OK\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(link.reader, writer), pump(reader, link.writer))

    return serve


def test_a_proxy_is_told_the_address_and_the_server_the_name(run: Run, tmp_path: Path) -> None:
    """A proxy that looked the name up itself could find another address."""
    authority, seen = trustme.CA(), list[bytes]()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def main() -> None:
        async with Peer(always(ok(PICTURE)), shows(authority.issue_cert("files.example"))) as peer:
            port = peer.origin.port
            async with Peer(tunnels(port, seen)) as proxy:
                world = World(files_example=[[PUBLIC]], inner_example=[[PRIVATE]])
                outside = world.outside(proxy=str(proxy.origin), ca_file=str(tmp_path / "ca.pem"))
                found = await outside.get(f"https://files.example:{port}/", LIMIT, SECONDS)
                assert (found.body, seen) == (PICTURE, [f"CONNECT {PUBLIC}:{port} HTTP/1.1".encode()])
                assert "public internet" in await refused(outside, f"https://inner.example:{port}/")
                assert len(seen) == 1

    run(main)


@pytest.mark.parametrize(
    ("proxy", "url", "words"),
    [
        ("http://127.0.0.1:9", "http://files.example/", "would choose the address itself"),
        ("socks5h://127.0.0.1:9", "https://files.example/", "cannot be asked by the proxy socks5h://127.0.0.1:9"),
    ],
)
def test_proxies_that_would_look_for_the_address_themselves(run: Run, proxy: str, url: str, words: str) -> None:
    async def main() -> None:
        outside = World(files_example=[[PUBLIC]]).outside(proxy=proxy)
        assert words in await refused(outside, url)

    run(main)
