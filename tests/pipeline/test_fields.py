"""`ctx.headers`: order, case and duplicates are kept, and undoing is exact."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Headers
from ccproxy.pipeline.failures import Undeclared
from ccproxy.pipeline.fields import Fields
from tests.pipeline.subjects import access
from tests.property import strategies

GIVEN: Headers = [(b"Host", b"a"), (b"X-Dup", b"1"), (b"Accept", b"\xe9"), (b"x-dup", b"2"), (b"Via", b"")]


def fields(reads: tuple[str, ...] = ("headers.*",), writes: tuple[str, ...] = ("headers.*",)) -> tuple[Fields, Headers]:
    headers = list(GIVEN)
    return Fields(headers, access(reads, writes)), headers


def test_reading() -> None:
    view, headers = fields()
    assert (view.get("x-dup"), view.get("X-DUP")) == ("1", "1")
    assert view.get_all("x-Dup") == ["1", "2"]
    assert (view.get("accept"), view.get("via"), view.get("none"), view.get("none", "-")) == ("é", "", None, "-")
    assert ("host" in view, "none" in view, 7 in view) == (True, False, False)
    assert list(view) == ["Host", "X-Dup", "Accept", "x-dup", "Via"]
    assert view.items()[2:4] == [("Accept", "é"), ("x-dup", "2")]
    assert headers == GIVEN


def test_what_reading_asks_for() -> None:
    allowed = access(["headers.Accept"])
    view = Fields(list(GIVEN), allowed)
    view.get("ACCEPT")
    assert allowed.step.undeclared == []
    view.get("Via")
    list(view)
    assert allowed.step.undeclared == ["headers.via", "headers.*"]


def test_set_keeps_the_place_and_the_case() -> None:
    view, headers = fields()
    view.set("X-dup", "é")
    view.set("New", "")
    assert headers == [(b"Host", b"a"), (b"X-Dup", b"\xe9"), (b"Accept", b"\xe9"), (b"Via", b""), (b"New", b"")]


def test_add_and_delete() -> None:
    view, headers = fields()
    view.add("x-DUP", "3")
    assert headers == [*GIVEN, (b"x-DUP", b"3")]
    view.delete("X-dup")
    assert headers == [GIVEN[0], GIVEN[2], GIVEN[4]]
    view.delete("none")


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\r\nb", "a\0", "é", "a\n", "(a)", "a,b", "🙂"])
def test_names_that_no_field_has(name: str) -> None:
    view, headers = fields()
    for write in (view.set, view.add):
        with pytest.raises(ValueError, match="name of a header field"):
            write(name, "x")
    assert headers == GIVEN


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\n", "a\rb", "a\0b", "\x7f", "\x1b", " a", "a\t", " ", "€", "\ud800"])
def test_values_that_no_field_has(value: str) -> None:
    view, headers = fields()
    for write in (view.set, view.add):
        with pytest.raises(ValueError, match="value of a header field"):
            write("x-dup", value)
    assert headers == GIVEN


def test_undeclared_writes_are_refused() -> None:
    view, headers = fields(writes=("headers.accept",))
    view.set("Accept", "b")
    view.delete("accept")
    for write in (lambda: view.set("via", "x"), lambda: view.add("x", "y"), lambda: view.delete("not-there")):
        with pytest.raises(Undeclared, match=r"headers\.accept"):
            write()
    assert headers == [*GIVEN[:2], *GIVEN[3:]]


tokens = st.text(strategies.TOKEN, min_size=1, max_size=3) | st.sampled_from(["x-dup", "X-Dup", "accept"])
texts = st.text(string.printable, max_size=5) | st.text(max_size=5)


def change(view: Fields, data: st.DataObject) -> str:
    """Does something to the fields, and says to which."""
    name = data.draw(tokens, "name")
    write: Any = data.draw(st.sampled_from([view.set, view.add, view.delete]), "operation")
    write(name, *([] if write == view.delete else [data.draw(strategies.values).decode("latin-1")]))
    return name.lower()


@settings(deadline=None)
@given(strategies.headers, st.data())
def test_undoing_is_exact(given: Headers, data: st.DataObject) -> None:
    headers, allowed = list(given), access(writes=["headers.*"])
    view = Fields(headers, allowed)
    for _ in range(data.draw(st.integers(1, 6))):
        change(view, data)
    allowed.undo()
    assert headers == given


@settings(deadline=None)
@given(strategies.headers, st.data())
def test_undoing_leaves_what_others_wrote(given: Headers, data: st.DataObject) -> None:
    headers, mine, others = list(given), access(writes=["headers.*"]), access(writes=["headers.*"])
    touched = {change(Fields(headers, mine), data) for _ in range(3)}
    other = data.draw(tokens.filter(lambda name: name.lower() not in touched))
    Fields(headers, others).set(other, "by another")
    mine.undo()
    alone = list(given)
    Fields(alone, access(writes=["headers.*"])).set(other, "by another")
    assert headers == alone


@given(texts)
def test_what_is_written_can_be_read(value: str) -> None:
    view, headers = fields()
    try:
        view.set("x-dup", value)
    except ValueError:
        assert headers == GIVEN
        return
    assert view.get_all("x-dup") == [value]
    assert not set(headers[1][1]) & {0, 10, 13}
