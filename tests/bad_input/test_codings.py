"""Compressed request bodies: understood for routing, forwarded as they came."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, GEMINI, Dialect
from tests.support.http import request_bytes
from tests.support.upstream import Upstream

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "ZSTD": lambda data: zstandard.ZstdCompressor(write_content_size=False).compress(data),
    "x-gzip": gzip.compress,
}


@pytest.mark.parametrize("coding", CODERS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_rule_sees_the_model_and_the_bytes_stay(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, coding: str
) -> None:
    body = CODERS[coding](dialect.body("by-model"))
    answer = daemon.ask("POST", dialect.target("by-model"), [(b"Content-Encoding", coding.encode())], body)
    assert answer.status == 200, answer.body
    (seen,) = upstream.requests
    assert seen.body == body
    assert seen.field("content-encoding") == coding.encode()
    assert seen.field("authorization") == f"Bearer token-{dialect.name}".encode()


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
@pytest.mark.parametrize("dialect", [each for each in DIALECTS if each is not GEMINI], ids=lambda dialect: dialect.name)
def test_the_model_inside_is_replaced(daemon: Daemon, upstream: Upstream, dialect: Dialect, coding: str) -> None:
    """What leaves must be consistent: either coded again, or plain and no longer said to be coded."""
    body = CODERS[coding](dialect.body())
    headers = [(b"Content-Encoding", coding.encode())]
    with daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers, body, host="rename.test"))
        assert client.response().status == 200
    (seen,) = upstream.requests
    plain = seen.body if seen.field("content-encoding") is None else DECODERS[coding](seen.body)
    assert b'"renamed"' in plain
    assert b'"m-1"' not in plain
    assert seen.field("content-length") == b"%d" % len(seen.body)


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "no-such-coding"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_broken_codings(daemon: Daemon, upstream: Upstream, dialect: Dialect, coding: str) -> None:
    """Where nobody needs to look inside they pass; where the model must be replaced they are refused."""
    headers = [dialect.key(), (b"Content-Encoding", coding.encode())]
    assert daemon.ask("POST", dialect.target(), headers, b"\x01\x02broken").status == 200
    assert upstream.requests[-1].body == b"\x01\x02broken"
    upstream.forget()
    if dialect is GEMINI:
        return
    with daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers, b"\x01\x02broken", host="rename.test"))
        dialect.error(client.response(), 400)
    assert not upstream.requests
    daemon.healthy()


def test_a_bomb_does_not_go_off(daemon: Daemon, upstream: Upstream) -> None:
    """100 MB of zeros in 100 kB: looked at or not, the daemon neither swells nor stalls."""
    bomb = zlib.compress(b"\0" * 100_000_000, 9)
    before = daemon.resident_bytes()
    answer = daemon.ask("POST", "/v1/messages", [ANTHROPIC.key(), (b"Content-Encoding", b"deflate")], bomb)
    assert answer.status in (200, 400, 413)
    assert daemon.resident_bytes() - before < 300_000_000
    daemon.healthy()
