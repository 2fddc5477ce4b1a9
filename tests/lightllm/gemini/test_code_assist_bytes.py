"""Code Assist's answers without their envelopes: what was in them, byte for byte."""

from __future__ import annotations

import json
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.gemini import unwrapping
from ccproxy.lightllm.gemini.unwrapping import Unwrapping, unwrapped_body
from ccproxy.lightllm.sse import EventTooLong
from tests.lightllm.gemini.wire import chunk, text
from tests.support.disorder import cut
from tests.support.examples import examples

INNER = '{"a":  1.50, "b": "\\u00e9\\/é", "c": [1e3, {"response": {"x": 1}}]}'
"""An answer that no writer of JSON would write like this."""
ERROR = '{"code": 503, "message": "m"}'
END = {"error": {"code": 502, "message": "gone", "status": "UNAVAILABLE"}}
ENDED = b'data: {"error":{"code":502,"message":"gone","status":"UNAVAILABLE"}}\r\n\r\n'

WRAPPED = [
    (f'{{"response":{INNER}}}', INNER),
    (f' {{ "response" : {INNER} , "traceId" : "t" }} ', f" {INNER} "),
    (f'{{"response":{INNER},"traceId":"t","consumedCredits":[{{"creditType":"X"}}],"remainingCredits":[]}}', INNER),
    (f'{{"traceId": "}},\\"response\\":{{", "n": [null, {{}}], "response":{INNER}}}', INNER),
    (f'{{"\\u0072esponse":{INNER}, "é\\"": 1}}', INNER),
    (f'{{"response":{{"first": 1}},"response":{INNER}}}', INNER),
    (f'{{"response":{{"first": 1}},"\\u0072esponse":{INNER},"x":"y"}}', INNER),
    ('{"response":{}}', "{}"),
    (f'[{{"response":{INNER}}},\r\n{{"response":{{"b":2}},"x":""}}, {{"c":3}}]', f'[{INNER},\r\n{{"b":2}}, {{"c":3}}]'),
    (f'{{"response":{{"error": {ERROR}}},"traceId":"t"}}', f'{{"error": {ERROR}}}'),
    (f'{{"response":{INNER},"error": {ERROR}}}', f'{{"error":{ERROR}}}'),
    (f'{{"error": {ERROR},"response":{INNER}}}', f'{{"error":{ERROR}}}'),
    (f'{{"response":{INNER},"error":null}}', INNER),
    (f'{{"response":{INNER},"error":"no"}}', '{"error":"no"}'),
]  # fmt: skip

BARE = [
    INNER, "", " ", "{}", "[]", "null", "3", '"response"', "[DONE]", "<html>", f'{{"error": {ERROR}}}', '{"total": 3}',
    '{"response":{},"response":""}', '{"a\tb":1,"response":{}}',
    '{"response":null}', '{"response":"text"}', '{"response":[{"a":1}]}', '{"response":{"a":1},"response":null}',
    '{"response":{"a":1}', '{"response":{"a":1}}}', '{"response":{"a":1},}', '{"response":{"a":1}]',
    '{,"response":{}}',
    '{"response" {}}', '{"response":{"a":}}', '{"response":{},"a":"\n"}', '[{"response":{}}', '[{"response":{}}}',
    '[1 2]', '{"a":1{"response":{}}}', f'{{"a": {INNER}}}',
    '{"response":' * 30_000, "[" * 30_000, '{"response":{},"\\x":1}',
]  # fmt: skip


@pytest.mark.parametrize(("wrapped", "bare"), WRAPPED)
def test_an_answer_leaves_its_envelope(wrapped: str, bare: str) -> None:
    """C6: whatever stands beside it."""
    assert unwrapped_body(wrapped.encode()) == bare.encode()


@pytest.mark.parametrize("body", BARE, ids=range(len(BARE)))
def test_what_has_no_envelope_is_left_alone(body: str) -> None:
    data = body.encode()
    assert unwrapped_body(data) is data


def test_bytes_that_are_no_text_pass() -> None:
    assert unwrapped_body(b'{"response":{"a":"\xff\xc3"}}') == b'{"a":"\xff\xc3"}'
    assert unwrapped_body(b"\xff\xfe{}") == b"\xff\xfe{}"


def streamed(*chunks: bytes, array: bool = False) -> bytes:
    """What comes out of a stream."""
    machine = Unwrapping(array=array)
    return b"".join([*map(machine.feed, chunks), machine.end()])


@pytest.mark.parametrize(("wrapped", "bare"), WRAPPED)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("lead", ["data: ", "data:"])
def test_an_event_leaves_its_envelope(wrapped: str, bare: str, end: str, lead: str) -> None:
    """In each line of its data, byte for byte like the event that the Gemini API sends."""

    def event(data: str) -> bytes:
        lines = data.strip().replace("\r\n", "\n").split("\n")
        return (": hi" + end + "id: 1" + end + "".join(lead + line + end for line in lines) + end).encode()

    given = event(wrapped) + event("[DONE]")
    assert streamed(given) == event(bare) + event("[DONE]")
    assert streamed(*(bytes([byte]) for byte in given)) == event(bare) + event("[DONE]")


@pytest.mark.parametrize("body", BARE, ids=range(len(BARE)))
def test_an_event_without_an_envelope_is_left_alone(body: str) -> None:
    event = f"event: x\ndata:{body}\nid: 3\n: c\n\n:\r\n\r\n".encode()
    assert streamed(event) == event


PRETTY = json.dumps({"traceId": "t", "response": {"a": [1, {"b": " "}], "é": "x"}}, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_data_of_several_lines_without_a_space(end: str) -> None:
    """What begins with a space keeps it: the first one after the colon is none of the data's."""
    given = f'data:{{"response":{end}data:  {{{end}data: "a":1}}}}{end}{end}'
    assert streamed(given.encode()).decode() == f'data:{{{end}data:"a":1}}{end}{end}'
    given = f'data:{{"response": {{{end}data:   "a":1}}}}{end}{end}'
    assert streamed(given.encode()).decode() == f'data:{{{end}data:   "a":1}}{end}{end}'


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_data_of_several_lines(end: str) -> None:
    given = "".join(f"data: {line}{end}" for line in PRETTY.splitlines()) + f"id: 9{end}data{end}{end}"
    out = streamed(given.encode()).decode()
    lines = PRETTY[PRETTY.index('{\n    "a"') : -2].splitlines()
    assert out == "".join(f"data: {line}{end}" for line in lines) + f"data: {end}id: 9{end}{end}"


BOM_AGAIN = b'\xef\xbb\xbfdata: {"response":{}}\n\n'
"""A byte order mark is one at the beginning, and else a part of a name that nobody knows."""


@pytest.mark.parametrize(
    ("given", "out"),
    [
        (b'data: {"response":{"a":1}}', b'data: {"a":1}\r\n\r\n'),
        (b'data: {"response":{"a":1}}\n', b'data: {"a":1}\n\r\n'),
        (b'data: {"response":{"a":1}}\nid: 3', b'data: {"a":1}\nid: 3\r\n\r\n'),
        (b'data: {"a":1}', b'data: {"a":1}'),
        (b'data: {"a":1}\r\n', b'data: {"a":1}\r\n'),
        (b'\xef\xbb\xbfdata: {"response":{"a":1}}\n\n', b'\xef\xbb\xbfdata: {"a":1}\n\n'),
        (b'\xef\xbb\xbfdata: {"response":{"a":1}}', b'\xef\xbb\xbfdata: {"a":1}\r\n\r\n'),
        (b'data: {"response":{}}\n\n\xef\xbb\xbfdata: {"response":{}}\n\n', b"data: {}\n\n" + BOM_AGAIN),
        (b": half a comment", b": half a comment"),
        (b"", b""),
    ],
)
def test_the_last_event_counts_without_its_blank_line(given: bytes, out: bytes) -> None:
    """What was rewritten is whole; what was not is as it came."""
    assert streamed(given) == streamed(*(given[at : at + 1] for at in range(len(given)))) == out


def test_a_comment_does_not_wait() -> None:
    machine = Unwrapping()
    assert machine.feed(b": keep-alive\n") == b": keep-alive\n"
    assert machine.feed(b'data: {"response":{}}\r') == b""
    assert machine.feed(b"\n\r") == b"data: {}\r\n\r"
    assert machine.feed(b"\n") == b"\n"
    assert machine.end() == machine.end() == machine.feed(b": late\n") == machine.fail(END) == b""


def test_an_array_holds_answers_and_nothing_else() -> None:
    events = b""": hi
data: {"response":{"a": 1},"traceId":"t"}

event: x
data: {"b":2}

data: nonsense

data: [{"response":{"c":3}}, 4, {"d":4}]

data: {"error":{"code":503}}

data: 5

data: [DONE]

data: {"response":{"e":
data:   6}}"""
    out = streamed(events, array=True)
    assert out == b'[{"a": 1},\r\n{"b":2},\r\n{"c":3},\r\n{"d":4},\r\n{"error":{"code":503}},\r\n{"e":\n  6}]'
    assert streamed(b"\xef\xbb\xbf: \r\n\r\n", array=True) == streamed(array=True) == b"[]"


@pytest.mark.parametrize("array", [False, True])
def test_an_error_ends_it(array: bool) -> None:
    """C4: what was cut off does not come, and what comes can be read."""
    machine = Unwrapping(array=array)
    out = machine.feed(b'data: {"response":{"a":1}}\n\nevent: x\ndata: {"response":{"b"') + machine.fail(END)
    if array:
        assert json.loads(out) == [{"a": 1}, END]
        assert json.loads(Unwrapping(array=True).fail(END)) == [END]
    else:
        assert out == b'data: {"a":1}\n\nevent: x\n\r\n' + ENDED
        assert Unwrapping().fail(END) == ENDED
        whole = Unwrapping()
        assert whole.feed(b"id: 1\ndata: {}\n\n") + whole.fail(END) == b"id: 1\ndata: {}\n\n" + ENDED
    assert machine.end() == machine.fail(END) == machine.feed(b'data: {"response":{"b":1}}\n\n') == b""
    assert not machine.whole


def test_a_long_event_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwrapping, "EVENT_LIMIT", 1 << 16)
    for line in (b"x" * 999, b"data: x\n", b"data: x\n: " + b"x" * 999 + b"\n"):
        for array in (False, True):
            machine = Unwrapping(array=array)
            out = machine.feed(b'data: {"response":{"a":1}}\n\n')
            with pytest.raises(EventTooLong):
                out += b"".join(map(machine.feed, repeat(line, 1 << 14)))
            out += machine.fail(END)
            assert out == (b'[{"a":1},\r\n' + ENDED[6:-4] + b"]" if array else b'data: {"a":1}\n\n' + ENDED)


def test_many_long_events_are_no_long_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwrapping, "EVENT_LIMIT", 100)
    event = b": " + b"x" * 60 + b'\ndata: {"response":{"a":"' + b"x" * 60 + b'"}}\n\n'
    machine = Unwrapping()
    assert b"".join(machine.feed(bytes([byte])) for byte in event * 9).count(b"data: {") == 9


@pytest.mark.parametrize("array", [False, True])
def test_nor_does_one_that_comes_in_one_piece(array: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of its chunk comes out, so that what does can be read."""
    monkeypatch.setattr(unwrapping, "EVENT_LIMIT", 100)
    short, long = (b'data: {"response":{"a":"%b"}}\n\n' % (b"x" * size) for size in (50, 100))
    whole = Unwrapping(array=array).feed(short * 9)
    assert whole.count(b'{"a":"') == 9
    for piece in (long, short + long, short + long + short, long[:-2], long[:-1], b"id: 1\n" + long):
        machine = Unwrapping(array=array)
        first = machine.feed(short)
        with pytest.raises(EventTooLong):
            machine.feed(piece)
        out = first + machine.fail(END)
        assert json.loads(out)[1:] == [END] if array else out == first + ENDED


def test_a_long_event_is_looked_at_once() -> None:
    """In pieces of one byte: quadratic work would take minutes."""
    data = b'data: {"response":{"a":"' + b"x" * 300_000 + b'"}}\n\n'
    assert len(streamed(*(data[at : at + 1] for at in range(len(data))))) == len(data) - len('{"response":}')
    spaces = b'data: {"response"' + b" " * 300_000 + b":{}" + b'\\"' * 100_000 + b"\n\n"
    assert streamed(spaces) == spaces


LAST = chunk(text("a"), stop="STOP")


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (chunk(text("finishReason")), False),
        (LAST, True),
        ({"candidates": [{"finish_reason": "STOP"}]}, True),
        ({"candidates": [{"index": 1, "finishReason": "STOP"}, {"index": 0}]}, False),
        ({"candidates": None, "promptFeedback": 3}, False),
        ({"promptFeedback": {"blockReason": "OTHER"}}, True),
        ({"prompt_feedback": {"block_reason": "OTHER"}}, True),
        ({"promptFeedback": {"safetyRatings": []}}, False),
        ({"error": {"code": 503}}, True),
        ({"usageMetadata": {}}, False),
    ],
)
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: {"response": one}, lambda one: [{"response": one}]])
@pytest.mark.parametrize("array", [False, True])
def test_an_answer_says_that_it_is_whole(answer: dict[str, Any], whole: bool, wrap: Any, array: bool) -> None:
    machine = Unwrapping(array=array)
    machine.feed(f"data: {json.dumps(wrap(answer))}".encode())
    assert not machine.whole
    machine.feed(b"\n\ndata: {}\n\n")
    assert machine.whole is whole


names = st.one_of(st.sampled_from(["traceId", "n", "é", 'a"}', "\\", "Response", "errors"]), st.text(max_size=4))
values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5), st.sampled_from(['{"response":', "\u2028", "}\\"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
inners = st.dictionaries(st.one_of(names, st.sampled_from(["response", "candidates"])), values, max_size=4)
siblings = st.dictionaries(names.filter(lambda name: name not in {"response", "error"}), values, max_size=3)


@st.composite
def events(draw: st.DrawFn) -> tuple[bytes, bytes, dict[str, Any]]:
    """An event as Code Assist sends it and as the Gemini API does, and the answer in it."""
    inner = draw(inners)
    beside = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in draw(siblings).items()]
    plain = json.dumps(inner, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    plain = plain.replace("\u2028", "\\u2028")
    members = draw(st.permutations([*beside, f'"response":{draw(st.sampled_from(["", " "]))}{plain}']))
    comma = draw(st.sampled_from([",", " ,\n", ", "]))
    end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    around = draw(st.sampled_from(["", f": ping{end}", f"event: e{end}", f"id: 4{end}", f"{end}"]))

    def event(data: str) -> bytes:
        return (around + "".join(f"data: {line}{end}" for line in data.split("\n")) + end).encode()

    return event("{" + comma.join(members) + "}"), event(plain), inner


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(events(), max_size=4), st.data())
def test_wrapped_events_come_out_as_plain_ones(given: list[tuple[bytes, bytes, dict[str, Any]]], data: Any) -> None:
    body = b"".join(wrapped for wrapped, _, _ in given)
    plain = b"".join(plain for _, plain, _ in given)
    assert streamed(*cut(data.draw, body)) == plain
    assert streamed(*cut(data.draw, plain)) == plain or any("response" in inner for _, _, inner in given)
    assert json.loads(streamed(*cut(data.draw, body), array=True)) == [inner for _, _, inner in given]
