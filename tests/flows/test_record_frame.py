"""A record as one piece of bytes: whatever goes in comes out, and rubbish is an error that says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, HttpRequest
from ccproxy.flows.record.frame import pack, parts, unpack
from ccproxy.flows.record.record import Record, RecordError, to_record

FACTS = st.dictionaries(
    st.text(max_size=8),
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
)


@given(FACTS, st.text(min_size=1), st.lists(st.binary(max_size=300), max_size=5))
def test_what_goes_in_comes_out(facts: dict[str, object], id: str, bodies: list[bytes]) -> None:
    record = Record({**facts, "id": id}, tuple(bodies))
    assert unpack(pack(record)) == record


@given(st.binary(max_size=200))
def test_rubbish_is_an_error(data: bytes) -> None:
    with pytest.raises(RecordError):
        unpack(data)


@given(st.data())
def test_a_frame_that_is_cut_lengthened_or_changed_in_its_head_is_an_error(data: st.DataObject) -> None:
    frame = pack(Record({"id": "a"}, (b"one", b"", b"three")))
    cut = data.draw(st.integers(0, len(frame) - 1))
    flipped = bytearray(frame)
    flipped[data.draw(st.integers(0, 11))] ^= data.draw(st.integers(1, 255))
    for wrong in (frame[:cut], frame + b"x", bytes(flipped)):
        with pytest.raises(RecordError):
            unpack(wrong)


def test_half_a_character_and_a_huge_number_do_not_lose_the_flow() -> None:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [(b"x-odd", b"\xff")], b"body"))
    ex.tags = {"half": "\ud800"}
    ex.dropped = {"many": 2**80}
    record = unpack(pack(to_record(ex)))
    assert record.id == ex.id
    assert record.bodies == (b"body",)
    assert record.facts["tags"] == {"half": "?"}


def test_bodies_are_not_copied_into_the_pieces() -> None:
    body = b"x" * 1000
    assert parts(Record({"id": "a"}, (body,)))[1] is body


@pytest.mark.parametrize("facts", [b"[]", b"{}", b'{"id":1}', b"{"])
def test_facts_without_a_flow_are_an_error(facts: bytes) -> None:
    frame = pack(Record({"id": "a"}, ()))
    head = frame[:4] + len(facts).to_bytes(4, "big") + frame[8:12]
    with pytest.raises(RecordError, match="facts"):
        unpack(head + facts)
