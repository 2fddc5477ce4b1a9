"""A body on its way: read and written once at most, and not at all if nobody asks."""

from __future__ import annotations

import gzip

import orjson
import pytest

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.draft import Draft, NotJson

RAW = b'{ "a" : 1.0e1 }'


def test_bytes_stay_while_nothing_is_changed() -> None:
    draft = Draft(WireFormat.OPENAI, RAW)
    assert draft.written_out() is RAW
    assert draft.document() == {"a": 10.0}
    assert draft.document() is draft.document()
    assert (draft.changed, draft.version, draft.written_out()) == (False, 0, RAW)


def test_changes_are_counted_and_taken_back() -> None:
    draft = Draft(None, RAW)
    draft.document()["a"] = 2
    draft.touch()
    assert (draft.changed, draft.version, draft.written_out()) == (True, 1, b'{"a":2}')
    draft.touch()
    draft.untouch()
    assert (draft.changed, draft.version) == (True, 3)
    draft.untouch()
    assert (draft.changed, draft.version) == (False, 4)
    assert draft.written_out() is RAW


def test_another_document() -> None:
    draft = Draft(None, b"no JSON")
    draft.replace([1])
    assert (draft.document(), draft.changed, draft.written_out()) == ([1], True, b"[1]")


def test_codings() -> None:
    raw = gzip.compress(RAW)
    draft = Draft(None, raw, "gzip")
    assert draft.document() == {"a": 10.0}
    assert draft.decoded() == RAW
    assert draft.written_out() is raw
    draft.respell(b'{"a":3}', {"a": 3})
    assert (draft.coding, draft.written_out(), draft.document(), draft.changed) == (None, b'{"a":3}', {"a": 3}, False)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"NaN", b'["\\ud800", NaN]', b'["\\ud800",', b"[" * 2000])
def test_what_is_not_json(raw: bytes) -> None:
    draft = Draft(None, raw)
    with pytest.raises(NotJson, match="not valid JSON"):
        draft.document()
    assert draft.written_out() is raw


@pytest.mark.parametrize("coding", ["gzip", "made-up"])
def test_codings_that_cannot_be_undone(coding: str) -> None:
    with pytest.raises(NotJson):
        Draft(None, b"{}", coding).document()


@pytest.mark.parametrize("document", [{"a": {1}}, {1: 2}, {"a": "\ud800", "b": {1}}, ["\ud800", float("nan")], 2**64])
def test_what_cannot_be_written(document: object) -> None:
    draft = Draft(None, b"{}")
    draft.replace(document)
    with pytest.raises(TypeError):
        draft.written_out()


def test_what_is_nested_too_deeply_to_be_written() -> None:
    draft = Draft(None, b'{"a":' + b"[" * 600 + b"]" * 600 + b"}")
    draft.document()["b"] = 1
    draft.touch()
    with pytest.raises(TypeError, match="Recursion"):
        draft.written_out()
    draft.untouch()
    assert orjson.loads(draft.written_out())


HALVES = [
    (b'{"a": "cut off \\ud83d"}', b'{"a":"cut off \\ud83d","b":1}'),
    (b'{"\\uDC00": ["\\ud83d\\ude00", "\\ude00\\ud83d"]}', b'{"\\udc00":["\\ud83d\\ude00","\\ude00\\ud83d"],"b":1}'),
    (b'{"a": "\\\\ud83d \\ud83d"}', b'{"a":"\\\\ud83d \\ud83d","b":1}'),
]


@pytest.mark.parametrize(("raw", "changed"), HALVES)
def test_halves_of_surrogate_pairs_are_read_and_written_as_they_came(raw: bytes, changed: bytes) -> None:
    """What JavaScript writes of a text that was cut within a character (RFC 8259 §8.2)."""
    draft = Draft(None, raw)
    draft.document()["b"] = 1
    assert (draft.written_out(), draft.halved) == (raw, True)
    draft.touch()
    assert draft.written_out() == changed
    assert orjson.loads(orjson.dumps(draft.text_document()))["b"] == 1


@pytest.mark.parametrize("half", [b"", b'"\\ud800",'])
def test_a_half_lets_nobody_nest_deeper(half: bytes) -> None:
    with pytest.raises(NotJson, match="not valid JSON"):
        Draft(None, b"[" + half + b"[" * 1100 + b"]" * 1100 + b"]").document()


def test_a_half_that_a_hook_puts_there_is_written() -> None:
    draft = Draft(None, b"{}")
    draft.replace({"a": "\ud800 \u00e4"})
    assert draft.written_out() == b'{"a":"\\ud800 \\u00e4"}'
