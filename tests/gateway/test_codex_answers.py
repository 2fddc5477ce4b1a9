"""Streams of the ChatGPT backend as one response: all of it, or an error, wherever the stream ends."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy import simulator
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.chatgpt_answer import RESPONSES, Gathering, collected
from ccproxy.lightllm.openai_responses.errors import read_error
from ccproxy.lightllm.openai_responses.lenient import write_anyhow
from ccproxy.lightllm.translate import read_stream_events
from tests.support.codex_backend import bare
from tests.support.replies import JSON

TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object"}}
PROMPT = 'SIM_THINK say hi, Zürich SIM_TOOL look_up {"city": "Zürich"}'


def asked(prompt: str, stream: bool) -> bytes:
    """What the simulator answers."""
    body = {"model": "m", "input": prompt, "tools": [TOOL], "stream": stream, "reasoning": {"summary": "auto"}}
    return simulator.respond("POST", b"/v1/responses", [JSON], json.dumps(body).encode()).body


FULL = asked(PROMPT, stream=True)
STREAM = b"".join(map(bare, FULL.splitlines(keepends=True)))
WHOLE: dict[str, Any] = json.loads(FULL[FULL.rindex(b"data: {") + 6 :].partition(b"\n")[0])["response"]
LAST = STREAM.rindex(b"}") + 1
"""Where the last event's own words end."""


def events(*values: dict[str, Any], named: bool = True) -> bytes:
    """A stream."""
    lines = (f"event: {value['type']}\n" if named else "" for value in values)
    return b"".join(f"{line}data: {json.dumps(value)}\n\n".encode() for line, value in zip(lines, values, strict=True))


def done(place: int, text: str) -> dict[str, Any]:
    """An item that is whole."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {"type": "message", "id": f"msg_{place}", "role": "assistant", "status": "completed", "content": content}
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def ended(kind: str = "response.completed", **response: Any) -> dict[str, Any]:
    """The last event."""
    return {"type": kind, "response": {"id": "resp_1", "object": "response", "output": []} | response}


def test_the_output_is_filled_in() -> None:
    assert b'"output": []' in STREAM
    assert [item["type"] for item in WHOLE["output"]] == ["reasoning", "function_call"]
    assert collected(STREAM) == WHOLE


def test_an_output_that_is_there_stays() -> None:
    assert collected(FULL) == WHOLE


@pytest.mark.parametrize("cut", [place + 2 for place in range(LAST) if STREAM.startswith(b"\n\n", place)])
def test_a_stream_cut_between_two_events(cut: int) -> None:
    with pytest.raises(Malformed, match="before the response was whole"):
        collected(STREAM[:cut])


@given(st.integers(0, LAST - 1))
def test_a_stream_cut_anywhere(cut: int) -> None:
    with pytest.raises(Malformed):
        collected(STREAM[:cut])


def test_only_the_empty_line_after_the_last_event_may_be_missing() -> None:
    assert {json.dumps(collected(STREAM[:cut])) for cut in range(LAST, len(STREAM) + 1)} == {json.dumps(WHOLE)}


@given(st.binary(max_size=400))
def test_other_bytes(body: bytes) -> None:
    with pytest.raises(Malformed):
        collected(body)


@given(st.integers(0, LAST - 1), st.binary(min_size=1, max_size=40))
def test_bytes_in_between(place: int, noise: bytes) -> None:
    try:
        answer = collected(STREAM[:place] + noise + STREAM[place:])
    except Malformed:
        return
    assert isinstance(answer, dict | WireError)


@pytest.mark.parametrize("named", [True, False])
def test_items_stand_in_their_order(named: bool) -> None:
    answer = collected(events(done(1, "b"), done(0, "a"), ended(), named=named))
    assert isinstance(answer, dict)
    assert [item["id"] for item in answer["output"]] == ["msg_0", "msg_1"]
    assert answer["status"] == "completed"


def test_an_incomplete_response_says_so() -> None:
    answer = collected(events(done(0, "a"), ended("response.incomplete", incomplete_details={"reason": "length"})))
    assert isinstance(answer, dict)
    assert (answer["status"], len(answer["output"])) == ("incomplete", 1)


def test_text_that_came_in_pieces_only() -> None:
    begun = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_0"}}
    delta = {"type": "response.output_text.delta", "item_id": "msg_0", "output_index": 0, "content_index": 0}
    answer = collected(events(begun, delta | {"delta": "say "}, delta | {"delta": "hi"}, ended(model="m")))
    assert isinstance(answer, dict)
    assert answer["output"][0]["content"][0]["text"] == "say hi"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (ended("response.failed", status="failed", error={"code": "rate_limit_exceeded", "message": "slowly"}), 429),
        (ended("response.failed", status="failed", error=None), 500),
        ({"type": "error", "code": "context_length_exceeded", "message": "slowly"}, 400),
        ({"type": "error", "error": {"type": "usage_limit_reached", "message": "slowly"}}, 429),
    ],
)
def test_errors(event: dict[str, Any], status: int) -> None:
    error = collected(events(done(0, "a"), event))
    assert isinstance(error, WireError)
    assert error.status == status


IDLE = [
    b"event: ping\ndata: \n\n",
    b"event: ping\ndata: {half\n\n",
    b"data: ping\n\n",
    b"event: keepalive\ndata: 1\n\n",
]


@pytest.mark.parametrize("idle", [*IDLE, b"data:\n\n", b": ping\n\n", b"event: codex.rate_limits\ndata: [1]\n\n"])
@pytest.mark.parametrize("place", [0, STREAM.index(b"\n\n") + 2, STREAM.rindex(b"event: ")])
def test_what_keeps_a_connection_alive(idle: bytes, place: int) -> None:
    assert collected(STREAM[:place] + idle + STREAM[place:]) == WHOLE


def test_an_item_that_cannot_be_read_is_not_passed_over() -> None:
    for item in (b"data: {half\n\n", b"event: response.output_item.done\ndata: ping\n\n"):
        with pytest.raises(Malformed, match="not JSON"):
            collected(events(done(0, "a")) + item + events(ended()))


def test_a_response_is_whole_with_its_last_event() -> None:
    gathering, place = Gathering(), STREAM.rindex(b"\n\n") + 2
    pieces = [STREAM[at : at + 7] for at in range(0, place, 7)]
    assert [gathering.feed(piece) for piece in pieces[:-2]] == [False] * (len(pieces) - 2)
    assert gathering.feed(pieces[-2]) or gathering.feed(pieces[-1])
    assert gathering.feed(b"data: {half\n\n")
    assert gathering.end() == WHOLE


@pytest.mark.parametrize("odd", [["a"], {"a": 1}, 5, None, "", "in_progress"])
def test_a_status_that_is_none(odd: Any) -> None:
    answer = collected(events(done(0, "a"), ended(status=odd)))
    assert isinstance(answer, dict)
    assert answer["status"] == "completed"


@pytest.mark.parametrize("odd", ["text", None, {"a": 1}])
def test_an_output_that_is_none(odd: Any) -> None:
    answer = collected(events(done(0, "a"), ended(output=odd)))
    assert isinstance(answer, dict)
    assert [item["id"] for item in answer["output"]] == ["msg_0"]


def test_an_item_that_is_nested_too_deeply() -> None:
    deep = events(done(0, "a")).replace(b'"annotations": []', b'"annotations": ' + b"[" * 400 + b"]" * 400)
    with pytest.raises(Malformed, match="nested too deeply"):
        collected(deep + events(ended()))


@pytest.mark.parametrize(("said", "kept"), [(b"hel\\ud800", "hel\ud800"), (b"hel\xff", "hel\ufffd")])
def test_text_that_is_no_unicode(said: bytes, kept: str) -> None:
    answer = collected(events(done(0, "hello"), ended()).replace(b"hello", said))
    assert isinstance(answer, dict)
    assert json.loads(write_anyhow(answer))["output"][0]["content"][0]["text"] == kept
    begun = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_0"}}
    delta = {"type": "response.output_text.delta", "item_id": "msg_0", "output_index": 0, "content_index": 0}
    pieces = collected(events(begun, delta | {"delta": "hello"}, ended(model="m")).replace(b"hello", said))
    assert isinstance(pieces, dict)
    assert pieces["output"][0]["content"][0]["text"] == "hel\ufffd"


def test_an_error_whose_words_are_no_unicode() -> None:
    error = collected(events({"type": "error", "code": "x", "message": "hello"}).replace(b"hello", b"hel\\ud800"))
    assert isinstance(error, WireError)
    assert error.message == "hel\ufffd"


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ({"resets_in_seconds": 77}, 77.0),
        ({"resets_in_seconds": 0}, 0.0),
        ({"resets_at": 5}, 0.0),
        *(({"resets_in_seconds": odd, "resets_at": odd}, None) for odd in (True, "5", -1, 10**30, [1], None)),
    ],
)
def test_how_long_a_limit_lasts(told: dict[str, Any], wait: float | None) -> None:
    error = collected(events({"type": "error", "error": {"type": "usage_limit_reached", "message": "limit"} | told}))
    assert isinstance(error, WireError)
    assert (error.status, error.retry_after) == (429, wait)


def test_a_limit_that_lasts_until_a_moment() -> None:
    told = {"type": "usage_limit_reached", "message": "limit", "resets_at": time.time() + 3600}
    error = read_error({"error": told}, 429)
    assert error is not None
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 3600


def test_the_name_of_an_event_is_no_type_of_an_error() -> None:
    failed = ended("response.failed", error={"code": "server_is_overloaded", "message": "slowly"})
    error = collected(events(failed))
    told = collect(read_stream_events(events(failed), RESPONSES)).error
    for each in (error, told):
        assert isinstance(each, WireError)
        assert (each.type, each.code, each.status) == ("server_error", "server_is_overloaded", 503)
