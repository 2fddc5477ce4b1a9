"""How much of an answer is taken, and for how long: no more than was asked for, whatever it is packed in (W-SEC-14)."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache, partial

import brotli
import pytest
import zstandard

from tests.transport.conftest import Run
from tests.transport.outer_world import LIMIT, SECONDS, World, refused
from tests.transport.peer import Link, Peer, Serve, always, ok

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=5),
    "zstd": zstandard.compress,
}
MIB = 1 << 20


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%b\r\n"


def test_a_length_that_is_too_large_is_enough(run: Run) -> None:
    """Nothing of the body has to come for that."""

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            assert "it has more than 1000 bytes" in await refused(World().outside(), f"{peer.origin}/", limit=1000)

    run(main)


@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False)])
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_the_limit_is_the_last_byte_that_fits(run: Run, framing: str, size: int, fits: bool) -> None:
    body = b"x" * size
    answers = {
        "length": ok(body),
        "chunks": HEAD % b"" + chunked(*(body[at : at + 10] for at in range(0, size, 10)), b""),
        "end": b"HTTP/1.1 200 OK\r\n\r\n" + body,
    }

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(answers[framing])

    async def main() -> None:
        async with Peer(serve) as peer:
            outside = World().outside()
            if fits:
                assert (await outside.get(f"{peer.origin}/", 1000, SECONDS)).body == body
            else:
                assert "more than 1000 bytes" in await refused(outside, f"{peer.origin}/", limit=1000)

    run(main)


def endless(head: bytes, piece: bytes) -> Serve:
    """Sends for ever; `head` says how the body is coded."""

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(HEAD % head)
        while True:
            await link.send(chunked(piece))

    return serve


def test_a_body_without_an_end(run: Run) -> None:
    async def main() -> None:
        async with Peer(endless(b"", b"x" * 65536)) as peer:
            assert f"more than {LIMIT} bytes" in await refused(World().outside(), f"{peer.origin}/")

    run(main)


@pytest.mark.parametrize("name", CODERS)
def test_content_codings_are_undone(run: Run, name: str) -> None:
    body = bytes(range(256)) * 400

    async def main() -> None:
        coded = CODERS[name](body)
        answer = HEAD % f"Content-Encoding: {name}\r\n".encode() + chunked(coded[:7], coded[7:], b"")
        async with Peer(always(answer)) as peer:
            assert (await World().outside().get(f"{peer.origin}/", len(body), SECONDS)).body == body
            assert "more than" in await refused(World().outside(), f"{peer.origin}/", limit=len(body) - 1)

    run(main)


@cache
def bomb(name: str) -> bytes:
    return CODERS[name](bytes(96 * MIB))


@pytest.mark.parametrize("name", CODERS)
def test_bombs_are_not_unpacked(run: Run, name: str) -> None:
    """A few kilobytes that stand for 96 MiB take no more memory than what was asked for, and what one step yields."""
    assert len(bomb(name)) < MIB

    async def main() -> None:
        async with Peer(always(ok(bomb(name), f"Content-Encoding: {name}".encode()))) as peer:
            tracemalloc.start()
            try:
                assert f"more than {LIMIT} bytes" in await refused(World().outside(), f"{peer.origin}/")
                assert tracemalloc.get_traced_memory()[1] < 32 * MIB
            finally:
                tracemalloc.stop()

    run(main)


@pytest.mark.parametrize(
    ("coding", "body", "words"),
    [
        (b"gzip, gzip, gzip", gzip.compress(b"x"), "one of them"),
        (b"compress", b"x", "known are gzip"),
        (b"gzip", b"no gzip", "its content is no valid gzip"),
        (b"br", b"\xff\xff\xff", "its content is no valid br"),
        (b"zstd", b"no zstd", "its content is no valid zstd"),
    ],
    ids=["heaped", "unknown", "gzip", "br", "zstd"],
)
def test_content_that_does_not_decode(run: Run, coding: bytes, body: bytes, words: str) -> None:
    async def main() -> None:
        async with Peer(always(ok(body, b"Content-Encoding: " + coding))) as peer:
            assert words in await refused(World().outside(), f"{peer.origin}/")

    run(main)


@pytest.mark.parametrize(
    "pieces",
    [
        (b"H",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", b"\r\n"),
        (HEAD % b"", *(b"1\r\nx\r\n",) * 100),
    ],
    ids=["no head", "no body", "drip"],
)
def test_the_time_is_for_all_of_it(run: Run, pieces: tuple[bytes, ...]) -> None:
    """Something comes again and again, but not the end."""

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(*pieces, pause=0.02)
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            assert "did not come within 0.3 s" in await refused(World().outside(), f"{peer.origin}/", seconds=0.3)

    run(main)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "in the middle of its answer"),
        (HEAD % b"" + b"4\r\nha", "in the middle of its answer"),
        (b"", "without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "something that is not HTTP/1.1"),
    ],
    ids=["length", "chunks", "nothing", "no http"],
)
def test_what_breaks_off_is_no_file(run: Run, answer: bytes, words: str) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(answer)

    async def main() -> None:
        async with Peer(serve) as peer:
            assert words in await refused(World().outside(), f"{peer.origin}/")

    run(main)


@pytest.mark.parametrize(
    ("told", "body", "media_type"),
    [
        (b"text/html; charset=utf-8", b"\x89PNG\r\n\x1a\n", "text/html"),
        (b"application/octet-stream", b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"binary/octet-stream", b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"", b"GIF89a", "image/gif"),
        (b"", b"%PDF-1.7", "application/pdf"),
        (b"", b"nothing that is known", ""),
        (b"application/octet-stream", b"", "application/octet-stream"),
    ],
    ids=["told", "jpeg", "webp", "gif", "pdf", "neither", "empty"],
)
def test_the_media_type(run: Run, told: bytes, body: bytes, media_type: str) -> None:
    async def main() -> None:
        fields = [b"Content-Type: " + told] if told else []
        async with Peer(always(ok(body, *fields))) as peer:
            assert (await World().outside().get(f"{peer.origin}/", LIMIT, SECONDS)).media_type == media_type

    run(main)
