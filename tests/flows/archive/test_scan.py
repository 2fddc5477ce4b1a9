from __future__ import annotations

import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.flows.archive.alike import Recent, common
from ccproxy.flows.archive.manifest import Marks, numbers, pack
from ccproxy.flows.archive.scan import EVENTS, NOWHERE, PIECE, Scan, digest, scan

from .flows import body, conversation, words

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=2000),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=20), inner, max_size=8),
    max_leaves=30,
)
PIECES = st.sampled_from(
    [b'"', b"\\", b'"a\\"b"', b"[", b"]", b"{", b"}", b",", b"x" * 900, b'"' + b"y" * 5000 + b'"', b":", b" "]
)
BODIES = (
    st.binary(max_size=300)
    | st.lists(PIECES, max_size=60).map(b"".join)
    | st.builds(lambda value, indent: json.dumps(value, indent=indent).encode(), VALUES, st.none() | st.integers(0, 3))
)


def chunks(found: Scan) -> list[bytes]:
    return [found.chunk(index) for index in range(len(found.ends))]


def assert_right(found: Scan, body: bytes) -> None:
    pieces = chunks(found)
    assert b"".join(pieces) == body
    assert [digest(piece) for piece in pieces] == found.digests
    assert all(0 < len(piece) <= PIECE for piece in pieces)


@given(BODIES)
def test_the_chunks_of_whatever_comes_are_the_body(body: bytes) -> None:
    assert_right(scan(body), body)


@given(BODIES, BODIES, st.data())
def test_what_is_known_of_another_body_changes_no_byte(one: bytes, other: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(one)))
    edited = one[:at] + other + one[at:]
    assert_right(scan(edited, scan(one)), edited)
    assert_right(scan(one, scan(edited)), one)


@given(BODIES, BODIES, st.data())
def test_a_stretch_that_is_alike_is_found(one: bytes, other: bytes, data: st.DataObject) -> None:
    at, there = data.draw(st.integers(0, len(one))), data.draw(st.integers(0, len(other)))
    alike = common(one, at, other, there)
    assert one[at : at + alike] == other[there : there + alike]
    assert one[at + alike : at + alike + 1] != other[there + alike : there + alike + 1] or not one[at + alike :]


def test_a_body_of_any_length_is_alike_up_to_the_change() -> None:
    one = words("one", 300_000).encode()
    for at in (0, 1, 255, 256, 257, 65_535, 200_000, len(one) - 1):
        other = one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :]
        assert common(one, 0, other, 0) == at


def test_a_turn_more_shares_all_but_what_is_new() -> None:
    former, new = scan(body(40)), body(41)
    known = set(former.digests)
    for found in (scan(new), scan(new, former)):
        fresh = sum(len(piece) for piece, name in zip(chunks(found), found.digests, strict=True) if name not in known)
        assert fresh < 9_000 < 120_000 < len(new)


def test_what_is_known_of_the_former_body_gives_the_same_cuts() -> None:
    former, new = scan(body(40)), body(41)
    assert scan(new, former).ends == scan(new).ends


@pytest.mark.parametrize("name", [b"messages", b"input", b"contents"])
def test_an_edit_at_any_place_is_cut_around(name: bytes) -> None:
    told = body(30).replace(b"messages", name)
    former = scan(told)
    for at in (told.index(b"assistant"), len(told) // 3, len(told) // 2):
        edited = told[:at] + b"edited" + told[at:]
        found = scan(edited, former)
        assert_right(found, edited)
        fresh = [piece for piece, name in zip(chunks(found), found.digests, strict=True) if name not in former.digests]
        assert sum(map(len, fresh)) < 20_000


def test_what_stands_before_the_messages_or_behind_is_shared() -> None:
    told = json.loads(body(30))
    turned = {name: told[name] for name in ("tools", "system", "model", "messages")}
    known = scan(json.dumps(told).encode())
    found = scan(json.dumps(turned).encode(), known)
    shared = sum(len(piece) for piece, name in zip(chunks(found), found.digests, strict=True) if name in known.digests)
    assert shared > 0.8 * len(found.body)


def test_a_long_element_is_cut_from_its_start() -> None:
    image = "A" * (3 * PIECE + 17)
    one = json.dumps([{"n": 1, "text": words(1, 700)}, {"data": image}]).encode()
    other = json.dumps([{"n": 22, "text": words(2, 900)}, {"data": image}]).encode()
    whole = {digest(piece) for piece in chunks(scan(one)) if len(piece) == PIECE}
    assert whole
    assert whole <= set(scan(other).digests)


def test_a_stream_is_cut_at_its_events() -> None:
    stream = b"".join(b"event: x\r\ndata: %d %b\r\n\r\n" % (at, b"y" * 700) for at in range(300))
    pieces = chunks(scan(stream))
    assert len(pieces) > 3
    assert all(piece.endswith(b"\r\n\r\n") and len(piece) < EVENTS + 1000 for piece in pieces)


@pytest.mark.parametrize(
    "rubbish", [b'{"' + b'\\"' * 400_000, b"[" * 900_000, b'[""' * 200_000, b'["' + b"a" * 10**6, b"\0" * 10**6]
)
def test_rubbish_takes_no_longer_than_its_length_allows(rubbish: bytes) -> None:
    assert_right(scan(rubbish), rubbish)


def test_the_last_few_bodies_are_remembered_within_bounds() -> None:
    recent: Recent[Scan] = Recent(most=3, most_bytes=400_000, least=100)
    scans = [scan(json.dumps([number, *conversation(10)]).encode()) for number in range(5)]
    for each in scans:
        recent.add(each)
    assert recent.nearest(scans[0].body) is None
    assert recent.nearest(scans[4].body + b" ") is scans[4]
    recent.add(scan(b"x" * 500_000))
    assert recent.nearest(scans[4].body) is scans[4]
    recent.add(scan(b"z" * 390_000))
    assert recent.nearest(scans[4].body) is None


@given(st.lists(st.integers(0, 2**62)) | st.lists(st.integers(0, 40)))
def test_a_manifest_has_the_numbers_in_their_order(chosen: list[int]) -> None:
    assert numbers(pack(chosen)) == chosen


def test_numbers_that_follow_one_another_cost_little() -> None:
    assert len(pack(range(1000, 2000))) < 60


@given(st.binary() | st.binary().map(zlib.compress) | st.lists(st.integers(0, 2**40)).map(lambda each: pack(each)[:-1]))
def test_rubbish_is_no_manifest(data: bytes) -> None:
    try:
        found = numbers(data)
    except ValueError:
        return
    assert zlib.decompress(pack(found)) == zlib.decompress(data)


@given(st.lists(st.lists(st.integers(0, 60), max_size=30), min_size=1, max_size=6), st.integers(0, 10))
def test_what_manifests_hold_is_marked(lists: list[list[int]], shared: int) -> None:
    lists = [lists[0][:shared] + each for each in lists]
    marks = Marks(5, 50)
    for each in lists:
        marks.add(pack(each))
    assert [number for number in range(5, 51) if number in marks] == sorted(
        {number for each in lists for number in each if 5 <= number <= 50}
    )


def test_the_depths_of_cuts_are_those_of_the_brackets() -> None:
    told = body(20)
    found = scan(told)
    for end, depth in zip(found.ends, found.depths, strict=True):
        if depth != NOWHERE:
            outside = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", told[:end], flags=re.DOTALL)
            opened, closed = (sum(map(outside.count, signs)) for signs in ((b"[", b"{"), (b"]", b"}")))
            assert depth == opened - closed
