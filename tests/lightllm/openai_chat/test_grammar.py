"""The grammar that other tests lean on finds what it is there to find."""

from __future__ import annotations

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_chat.stream import StreamWriter
from tests.support.grammar.openai_chat import check_body, check_error, check_stream

EVENTS: tuple[ev.Event, ...] = (
    ev.MessageStart("chatcmpl-1", "m", 5, "default"),
    ev.TextStart(0),
    ev.TextDelta(0, "text"),
    ev.CitationDelta(0, ev.Citation(url="https://a.example/")),
    ev.BlockStop(0),
    ev.ToolCallStart(1, "a", "f"),
    ev.ArgumentsDelta(1, "{}"),
    ev.BlockStop(1),
    ev.Finish(ev.StopReason.TOOL_CALL),
    ev.End(),
)


def stream() -> str:
    writer = StreamWriter(Asked(model="m", document={"stream_options": {"include_usage": True}}))
    return b"".join(writer.write(event) for event in EVENTS).decode()


def test_nothing_is_wrong_with_a_good_stream() -> None:
    assert check_stream(stream()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("data: [DONE]\n\n", ""),
        ("data: [DONE]\n\n", "data: [DONE]\n\ndata: [DONE]\n\n"),
        ("data: [DONE]\n\n", "data: [DONE]\n"),
        ('"id":"chatcmpl-1"', '"id":"chatcmpl-2"'),
        ('"id":"chatcmpl-1"', '"id":""'),
        ('"created":5', '"created":null'),
        ('"model":"m"', '"model":null'),
        ('"object":"chat.completion.chunk"', '"object":"x"'),
        ('"service_tier":"default"', '"service_tier":"batch"'),
        ('"role":"assistant",', ""),
        ('{"content":"text"}', '{"content":"text","role":"assistant"}'),
        ('{"content":"text"}', '{"text":"text"}'),
        ('{"content":"text"}', '{"content":""}'),
        ('"finish_reason":"tool_calls"', '"finish_reason":"stop"'),
        ('"finish_reason":"tool_calls"', '"finish_reason":"end_turn"'),
        ('"finish_reason":"tool_calls"', '"finish_reason":null'),
        ('"usage":null', '"used":null'),
        ('"total_tokens":0', '"total_tokens":1'),
        ('"id":"a"', '"id":""'),
        ('"name":"f"', '"name":""'),
        ('"function":{"arguments":"{}"}', '"function":{"arguments":{}}'),
        ('"arguments":"{}"', '"arguments":""'),
        ('[{"index":0,"id"', '[{"index":1,"id"'),
        ('[{"index":0,"id"', '[{"id"'),
        ('{"index":0,"type":"url_citation"', '{"type":"url_citation"'),
        ('"start_index":0', '"start_index":9'),
        ('"url":"https://a.example/"', '"url":""'),
        ("data: {", "event: x\ndata: {"),
        ("data: {", "data: x{"),
    ],
)
def test_each_fault_is_found(old: str, new: str) -> None:
    good = stream()
    assert old in good
    assert check_stream(good.replace(old, new, 1)) != []


def test_errors_in_streams() -> None:
    error = 'data: {"error":{"message":"no","type":"server_error","param":null,"code":null}}\n\n'
    assert check_stream(error) == []
    assert check_stream(error + "data: [DONE]\n\n") != []
    assert check_stream('data: {"error":{"message":"no"}}\n\n') != []
    assert check_stream("") != []


@pytest.mark.parametrize("body", [None, {}, {"choices": []}, {"choices": [{}]}])
def test_bodies_that_are_none(body: object) -> None:
    assert check_body(body) != []
    assert check_error(body) != []
