"""Fields of an answer as they are written: none becomes two, whatever its value is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fronts.response_head import field_lines

names = st.binary(min_size=1, max_size=12)
values = st.binary(max_size=40)


def test_a_value_does_not_end_its_field() -> None:
    assert field_lines([(b"X-Slug", b"a\r\nSet-Cookie: b=1\r\n\0"), (b"Y", b"1")]) == (
        b"X-Slug: a  Set-Cookie: b=1   \r\nY: 1\r\n"
    )


def test_others_are_as_they_are() -> None:
    fields = [(b"x", b"\x80\xff\t\x1b"), (b"", b"")]
    assert field_lines(fields) == b"x: \x80\xff\t\x1b\r\n: \r\n"


@given(st.lists(st.tuples(names, values), max_size=5))
def test_there_are_as_many_lines_as_fields(fields: list[tuple[bytes, bytes]]) -> None:
    written = field_lines(fields)
    assert written.count(b"\r\n") == written.count(b"\n") == written.count(b"\r") == len(fields)
    assert b"\0" not in written
