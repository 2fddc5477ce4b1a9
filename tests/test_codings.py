"""Content codings, one by one and in chains: whole, cut short, corrupt, and far too large."""

from __future__ import annotations

import contextlib
import gzip
import random
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.codings import DECODERS, CodingError, StreamDecoder, decode
from ccproxy.codings import stream as codings_stream


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return machine.compress(data) + machine.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd),
}
coders = pytest.mark.parametrize(("name", "code"), CODERS.values(), ids=CODERS)


@coders
@pytest.mark.parametrize("size", [0, 1, 1000, 70_000, 300_000])
def test_round_trip(name: str, code: Callable[[bytes], bytes], size: int) -> None:
    noise = random.Random(size).randbytes(size)
    for data in (noise, b"a" * size):
        assert decode(code(data), name) == data
        assert decode(code(data), f" {name.upper()} ,") == data


@given(data=st.binary(max_size=300), chain=st.lists(st.sampled_from(list(CODERS)), max_size=4))
def test_chains_are_undone_last_applied_first(data: bytes, chain: list[str]) -> None:
    body = data
    for each in chain:
        body = CODERS[each][1](body)
    assert decode(body, ", ".join(CODERS[each][0] for each in chain)) == data


@pytest.mark.parametrize("encoding", [None, "", " ", "identity", "Identity, identity", ",,"])
def test_no_coding(encoding: str | None) -> None:
    assert decode(b"\x1f\x8b as it is", encoding) == b"\x1f\x8b as it is"


@coders
def test_what_was_cut_short_yields_what_is_there(name: str, code: Callable[[bytes], bytes]) -> None:
    data = random.Random(1).randbytes(300_000)
    coded = code(data)
    for end in (0, 1, 10, len(coded) // 2, len(coded) - 1):
        assert data.startswith(decode(coded[:end], name))
    assert len(decode(coded[: len(coded) // 2], name)) > 100_000


@coders
def test_the_limit_is_exact(name: str, code: Callable[[bytes], bytes]) -> None:
    for data in (b"\0" * 1000, random.Random(2).randbytes(1000)):
        assert decode(code(data), name, 1000) == data
        for limit in (0, 1, 999):
            with pytest.raises(CodingError, match=f"larger than {limit} bytes"):
                decode(code(data), name, limit)
    assert decode(code(b""), name, 0) == b""


@coders
def test_a_bomb_is_not_inflated(name: str, code: Callable[[bytes], bytes]) -> None:
    bomb = code(b"\0" * 20_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(CodingError, match="larger than 1000000 bytes"):
        decode(bomb, name, 1_000_000)
    with pytest.raises(CodingError, match="larger"):
        decode(gzip.compress(bomb), f"{name}, gzip", 1_000_000)


def test_members_and_frames_that_follow_one_another() -> None:
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip") == b"one two"
    assert decode(zstd(b"one ") + zstd(b"two"), "zstd") == b"one two"
    large = random.Random(3).randbytes(100_000)
    assert decode(gzip.compress(large) * 3, "gzip") == large * 3
    with pytest.raises(CodingError, match="larger"):
        decode(gzip.compress(b"x" * 600) * 2, "gzip", 1000)


@pytest.mark.timeout(10)
def test_a_hundred_thousand_tiny_members_take_no_quadratic_time() -> None:
    assert decode(gzip.compress(b"x") * 100_000, "gzip") == b"x" * 100_000


@pytest.mark.parametrize("behind", [b"\0" * 512, b"junk", b"\x1f\x8b junk"])
def test_what_follows_a_gzip_member_is_ignored(behind: bytes) -> None:
    assert decode(gzip.compress(b"data") + behind, "gzip") == b"data"


@pytest.mark.parametrize("name", DECODERS)
def test_corrupt(name: str) -> None:
    with pytest.raises(CodingError, match=f"not valid {name}"):
        decode(b"\xff\xfe certainly not this", name)


def test_a_wrong_checksum() -> None:
    coded = bytearray(gzip.compress(b"data" * 100))
    coded[-6] ^= 1
    with pytest.raises(CodingError, match="not valid gzip"):
        decode(bytes(coded), "gzip")


def test_unknown_codings_are_named() -> None:
    with pytest.raises(CodingError, match=r"'compress' is not known; known are gzip, .*zstd"):
        decode(b"", "compress")
    with pytest.raises(CodingError, match="'no such'"):
        decode(gzip.compress(b"x"), "gzip, no such")


NAMES = st.lists(st.sampled_from([*DECODERS, "identity", "compress", ""]) | st.text(max_size=5), max_size=4)


@settings(max_examples=300)
@given(
    body=st.binary(max_size=200),
    names=NAMES,
    coder=st.sampled_from(list(CODERS.values())),
    cut=st.integers(0, 60),
    flip=st.integers(0, 2000),
)
def test_nothing_but_bytes_or_a_coding_error(
    body: bytes, names: list[str], coder: tuple[str, Callable[[bytes], bytes]], cut: int, flip: int
) -> None:
    name, code = coder
    damaged = bytearray(code(body))
    damaged[flip // 8 % len(damaged)] ^= 1 << flip % 8
    for data, encoding in ((body, ", ".join(names)), (bytes(damaged)[cut:], name), (bytes(damaged)[:cut], name)):
        with contextlib.suppress(CodingError):
            assert isinstance(decode(data, encoding, 10_000), bytes)


ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_stream_is_decoded_as_it_comes(name: str, step: int) -> None:
    body = b"".join(b"data: {%d}\n\n" % i for i in range(500))
    coded = ENCODERS[name](body)
    decoder = StreamDecoder(name)
    assert b"".join(decoder.feed(coded[i : i + step]) for i in range(0, len(coded), step)) == body


def test_each_flushed_piece_of_a_stream_comes_out_at_once() -> None:
    machine, decoder = zlib.compressobj(wbits=zlib.MAX_WBITS | 16), StreamDecoder("gzip")
    for i in range(5):
        piece = b"data: %d\n\n" % i
        assert decoder.feed(machine.compress(piece) + machine.flush(zlib.Z_SYNC_FLUSH)) == piece


def test_raw_deflate_and_several_codings_and_none() -> None:
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert StreamDecoder("deflate").feed(raw.compress(b"hello") + raw.flush()) == b"hello"
    assert StreamDecoder("gzip, br").feed(brotli.compress(gzip.compress(b"hello"))) == b"hello"
    assert StreamDecoder(None).feed(b"hello") == b"hello" == StreamDecoder("identity").feed(b"hello")


def test_a_stream_that_is_no_gzip_says_so() -> None:
    with pytest.raises(CodingError, match="not valid gzip"):
        StreamDecoder("gzip").feed(b"plain text")
    with pytest.raises(CodingError, match="'lzw' is not known"):
        StreamDecoder("lzw")


@coders
def test_a_stream_gives_out_no_more_than_the_limit_at_once(
    name: str, code: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codings_stream, "FEED_LIMIT", 5_000)
    assert StreamDecoder(name).feed(code(b"a" * 5_000)) == b"a" * 5_000
    for body in (b"a" * 5_001, b"a" * 20_000_000):
        with pytest.raises(CodingError, match=r"decodes .* at once"):
            StreamDecoder(name).feed(code(body))
    noise = random.Random(1).randbytes(20_000)
    coded, decoder = code(noise), StreamDecoder(name)
    assert b"".join(decoder.feed(coded[at : at + 999]) for at in range(0, len(coded), 999)) == noise


@pytest.mark.parametrize("chain", ["br, gzip", "gzip, gzip", "zstd, br", "gzip, zstd"])
def test_no_coding_of_several_gives_out_more(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first to be undone is what blows up, and the next is never told of it."""
    monkeypatch.setattr(codings_stream, "FEED_LIMIT", 10_000)
    inner, outer = chain.split(", ")
    body = ENCODERS[outer](ENCODERS[inner](b"") + b"a" * 1_000_000)
    with pytest.raises(CodingError, match=rf"decodes \({outer}\)"):
        StreamDecoder(chain).feed(body)


@pytest.mark.parametrize("name", ENCODERS)
def test_what_a_machine_is_asked_for_is_bounded(name: str) -> None:
    """Whatever the chunk: what is decoded is cut where it is made, and not only once it is all there."""
    bomb = ENCODERS[name](b"a" * 200_000_000)
    assert 4_000 < len(codings_stream.INFLOWS[name]().feed(bomb, 4_000)) < 40_000_000
    if name in {"gzip", "zstd"}:
        members = ENCODERS[name](b"a" * 3_000) * 3
        assert len(codings_stream.INFLOWS[name]().feed(members, 4_000)) > 4_000
        assert codings_stream.INFLOWS[name]().feed(members, 9_000) == b"a" * 9_000
