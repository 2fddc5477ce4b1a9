"""What a provider asks to have sent elsewhere goes there by https, or to the provider's own host, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from ccproxy.auth import OutsideError
from ccproxy.config import Config
from ccproxy.exchange import Origin
from ccproxy.transport.outside import Outside
from ccproxy.transport.posting import ANSWER_LIMIT
from ccproxy.transport.ways import Ways
from tests.support.http import field_of
from tests.transport.conftest import Run
from tests.transport.outer_world import PRIVATE, PUBLIC, SECONDS, At, World, is_allowed, refused_post, shows, to
from tests.transport.peer import Link, Peer, Seen, always, ok

NEAR = Origin("https", "www.provider.example", 443)
FIELDS = [(b"Content-Type", b"multipart/form-data; boundary=b")]


def test_to_the_providers_own_host_on_any_port(run: Run) -> None:
    """As to a server of tests: no less protected than the provider itself."""
    seen: list[Seen] = []

    async def serve(link: Link) -> None:
        seen.append(await link.request())
        await link.send(b"HTTP/1.1 204 No Content\r\nETag: x\r\n\r\n")

    async def main() -> None:
        async with At(serve, PRIVATE) as peer:
            outside, url = World().outside(), f"{peer.origin}/bucket?a=b"
            posted = await outside.post(url, FIELDS, b"body", SECONDS, Origin("http", PRIVATE, 1))
            assert (posted.status, posted.body) == (204, b"")
            assert (b"ETag", b"x") in posted.headers
            assert (seen[0].line, seen[0].body) == (b"POST /bucket?a=b HTTP/1.1", b"body")
            assert field_of(seen[0].headers, "content-type") == FIELDS[0][1]
            said = await refused_post(outside, url, Origin("https", PRIVATE, 443))
            assert "it is not https" in said, "what is said by https is not sent without"
            assert len(seen) == 1

    run(main)


@pytest.mark.parametrize("host", [PRIVATE, "inner.example", f"[::ffff:{PRIVATE}]"])
def test_never_to_what_is_not_public(run: Run, host: str) -> None:
    async def main() -> None:
        async with At(always(ok(b"secret")), PRIVATE) as inner:
            outside = World(inner_example=[[PRIVATE]]).outside()
            for near in (NEAR, Origin("https", "example", 443), Origin("http", PUBLIC, 1)):
                said = await refused_post(outside, f"https://{host}:{inner.origin.port}/x?signature=secret", near)
                assert "not only, on the public internet" in said
                assert "secret" not in said
                assert "data URI" not in said
            assert not inner.links

    run(main)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1/", "it is not https"),
        ("ftp://www.provider.example/", "only https and http can be asked"),
        ("https://user:secret@www.provider.example/", "a user name or a password"),
        ("", "it is no URL"),
    ],
)
def test_urls_that_are_not_posted_to(run: Run, url: str, words: str) -> None:
    async def main() -> None:
        said = await refused_post(World().outside(), url, NEAR)
        assert words in said
        assert "secret" not in said

    run(main)


def test_by_the_providers_certificates_and_without_redirects(run: Run, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    provider = {"type": "openai", "host": NEAR.host, "ca_file": str(tmp_path / "ca.pem")}
    ways = Ways(Config.model_validate({"providers": {"p": provider}}), {})
    world = World(bucket_example=[[PUBLIC]])

    async def main() -> None:
        async with At(always(ok(b"")), PRIVATE) as inner:
            certificate = shows(authority.issue_cert("bucket.example"))
            async with Peer(always(to(f"{inner.origin}/")), certificate) as peer:
                outside = Outside(ways, {NEAR: "p"}, is_allowed, world.resolve)
                url = f"https://bucket.example:{peer.origin.port}/"
                assert (await outside.post(url, FIELDS, b"body", SECONDS, NEAR)).status == 302
                assert not inner.links
                with pytest.raises(OutsideError, match="not trusted"):
                    await outside.get(url, 1, SECONDS)

    try:
        run(main)
    except AssertionError as error:
        if "SSL handshake" not in str(error):  # a server's loop reports a handshake that its client broke off
            raise


def test_an_answer_that_is_too_long(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x" * (ANSWER_LIMIT + 1)))) as peer:
            said = await refused_post(World().outside(), f"{peer.origin}/", peer.origin)
            assert f"more than {ANSWER_LIMIT} bytes" in said

    run(main)


def test_the_time_is_for_all_of_it(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            said = await refused_post(World().outside(), f"{peer.origin}/", peer.origin, seconds=0.2)
            assert said == f"{peer.origin}/: it did not come within 0.2 s"

    run(main)
