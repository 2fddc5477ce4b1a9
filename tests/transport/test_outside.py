"""What a client's URL names is fetched as it is, wherever it has gone; all else is an error that says why."""

from __future__ import annotations

import asyncio

import pytest

from ccproxy.auth import Fetched
from tests.support.http import field_of
from tests.transport.conftest import Run
from tests.transport.outer_world import LIMIT, PUBLIC, SECONDS, World, refused, to
from tests.transport.peer import Link, Peer, Seen, always, ok, until

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def test_a_file_with_its_name_and_type(run: Run) -> None:
    seen: list[Seen] = []

    async def serve(link: Link) -> None:
        seen.append(await link.request())
        await link.send(ok(PICTURE, b"Content-Type: Image/PNG; q=1", b"Set-Cookie: a=b"))

    async def main() -> None:
        async with Peer(serve) as peer:
            port = peer.origin.port
            url = f"http://pictures.example:{port}/a/my%20cat.png?key=secret&x=%2F#top"
            found = await World(pictures_example=[[PUBLIC]]).outside().get(url, LIMIT, SECONDS)
            assert found == Fetched("image/png", PICTURE, "my cat.png")
            assert seen[0].line == b"GET /a/my%20cat.png?key=secret&x=%2F HTTP/1.1"
            assert field_of(seen[0].headers, "host") == f"pictures.example:{port}".encode()
            names = {name.lower() for name, _ in seen[0].headers}
            assert names == {b"host", b"accept", b"accept-encoding", b"user-agent", b"connection"}

    run(main)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(run: Run, status: int) -> None:
    async def serve(link: Link) -> None:
        seen = await link.request()
        await link.send(to("../b.pdf?c", status) if seen.target == b"/a/x" else ok(seen.target))

    async def main() -> None:
        async with Peer(serve) as peer:
            found = await World().outside().get(f"{peer.origin}/a/x", LIMIT, SECONDS)
            assert (found.body, found.name) == (b"/b.pdf?c", "x")

    run(main)


def test_redirects_end(run: Run) -> None:
    async def endless(link: Link) -> None:
        await link.send(to((await link.request()).target.decode() + "x"))

    async def main() -> None:
        async with Peer(endless) as peer:
            assert "redirects more than 3 times" in await refused(World().outside(), f"{peer.origin}/")
            assert len(peer.links) == 4
        async with Peer(always(to("/"))) as peer:
            assert "redirects in a circle" in await refused(World().outside(), f"{peer.origin}/")
            assert len(peer.links) == 1

    run(main)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("ftp://127.0.0.1/x", "only https and http can be asked"),
        ("file:///etc/passwd", "only https and http can be asked"),
        ("gopher://127.0.0.1:70/_x", "only https and http can be asked"),
        ("http://user@127.0.0.1/", "a user name or a password"),
        ("http://127.1/", "in a notation that programs read in different ways"),
        ("//[::1", "redirects to something that is no URL"),
    ],
)
def test_redirects_to_what_no_url_may_name(run: Run, location: str, words: str) -> None:
    async def main() -> None:
        async with Peer(always(to(location))) as peer:
            assert words in await refused(World().outside(), f"{peer.origin}/")

    run(main)


@pytest.mark.parametrize("answer", [b"204 No Content", b"206 Partial Content", b"302 Found", b"403 Forbidden", b"599"])
def test_other_statuses_are_no_file(run: Run, answer: bytes) -> None:
    async def main() -> None:
        async with Peer(always(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % answer)) as peer:
            said = await refused(World().outside(), f"{peer.origin}/a?key=secret")
            assert said == (
                f"{peer.origin}/a: the answer is {answer.decode()} (send the file itself instead, as a data URI)"
            )

    run(main)


def test_who_gives_up_leaves_no_connection(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            asking = asyncio.create_task(World().outside().get(f"{peer.origin}/", LIMIT, SECONDS))
            await until(lambda: peer.links)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await until(lambda: peer.ended)

    run(main)
