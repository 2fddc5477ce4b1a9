"""How what is not a call of a provider's API gets out: a refresh of its credential."""

from __future__ import annotations

import pytest

from ccproxy.assembly import build_transport
from ccproxy.auth import PostFailed
from ccproxy.config import Config
from ccproxy.exchange import HttpRequest
from ccproxy.transport.posting import Poster
from tests.support.http import field_of
from tests.support.ports import free_port
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, Seen, ok


def config(**settings: object) -> Config:
    provider = {"type": "openai", "host": "api.example.com", "http2": True, "fingerprint_profile": "chrome131"}
    return Config.model_validate({"providers": {"p": provider | settings}})


def test_by_the_providers_proxy_and_without_its_profile(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []

        async def serve(link: Link) -> None:
            while True:
                seen.append(await link.request())
                await link.send(ok(b"{}", b"Date: x"))

        async with Peer(serve) as proxy:
            transport = build_transport(config(proxy=str(proxy.origin)))
            endpoint = f"http://127.0.0.1:{free_port()}/v1/oauth/token?a=b"
            posted = await Poster(transport).of("p")(endpoint, [(b"X-Own", b"1")], b"body", 5)
            assert (posted.status, posted.body) == (200, b"{}")
            assert seen[0].line == b"POST " + endpoint.encode() + b" HTTP/1.1"
            assert (field_of(seen[0].headers, "x-own"), seen[0].body) == (b"1", b"body")
            with pytest.raises(PostFailed, match="no connection"):
                await Poster(transport)(endpoint, [], b"", 5)
            assert len(seen) == 1, "who has no provider has none of its ways"
            await transport.close()

    run(main)


def test_trusting_the_providers_certificates(run: Run, authority: Authority) -> None:
    async def main() -> None:
        async def serve(link: Link) -> None:
            await link.request()
            await link.send(ok(b"{}"))

        async with Peer(serve, authority.server_context()) as peer:
            transport = build_transport(config(ca_file=str(authority.ca_file)))
            url = f"{peer.origin}/token"
            assert (await Poster(transport).of("p")(url, [], b"", 5)).status == 200
            with pytest.raises(PostFailed, match="not trusted"):
                await Poster(transport)(url, [], b"", 5)
            await transport.close()

    run(main)


def test_as_much_of_an_answer_as_the_caller_allows(run: Run) -> None:
    async def main() -> None:
        async def serve(link: Link) -> None:
            while True:
                await link.request()
                await link.send(ok(b"x" * 100))

        async with Peer(serve) as peer:
            transport = build_transport(Config())
            request = HttpRequest("GET", b"/", [])
            assert len((await Poster(transport).call(peer.origin, request, 5, 100)).body) == 100
            with pytest.raises(PostFailed, match="sent more than 99 bytes"):
                await Poster(transport).call(peer.origin, request, 5, 99)
            await transport.close()

    run(main)
