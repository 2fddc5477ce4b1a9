"""Streams of the format in every disorder: what comes out is legal all the same, and nothing is raised."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.lightllm.anthropic.wire import OWN, begin, delta, over, start, stop
from tests.support.grammar.anthropic import check_stream

WIRE: list[dict[str, Any]] = [
    begin(usage={"input_tokens": 1, "output_tokens": 1}),
    {"type": "ping"},
    start(0, "thinking", thinking="", signature=""),
    delta(0, "thinking_delta", thinking="hm"),
    delta(0, "signature_delta", signature="c2ln"),
    stop(0),
    start(1, "text", text=""),
    delta(1, "text_delta", text="é"),
    delta(
        1,
        "citations_delta",
        citation={
            "type": "web_search_result_location",
            "url": "https://e.org",
            "cited_text": "e",
            "encrypted_index": "eA==",
        },
    ),
    stop(1),
    start(2, "server_tool_use", id="srvtoolu_1", name="web_search", input={}),
    delta(2, "input_json_delta", partial_json='{"query":"q"}'),
    stop(2),
    start(3, "web_search_tool_result", tool_use_id="srvtoolu_1", content=[]),
    stop(3),
    start(4, "redacted_thinking", data="cmVk"),
    stop(4),
    start(5, "tool_use", id="toolu_1", name="f", input={}),
    delta(5, "input_json_delta", partial_json='{"x":1}'),
    stop(5),
    *over("tool_use", output_tokens=9),
]

junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "text", "error", "x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.just("type"), inner, max_size=1)),
    max_leaves=4,
)


def translated(wire: list[Any], cut: int) -> str:
    """What an Anthropic client gets of a stream that comes in two chunks."""
    raw = b"".join(b"event: %b\ndata: %b\n\n" % (str(_kind(item)).encode(), json.dumps(item).encode()) for item in wire)
    translator = StreamTranslator(OWN, OWN, Asked(model="m"))
    return (translator.feed(raw[:cut]) + translator.feed(raw[cut:]) + translator.end()).decode()


def _kind(item: Any) -> Any:
    return item.get("type") if isinstance(item, dict) else ""


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_events_lost_doubled_and_out_of_order(data: st.DataObject) -> None:
    middle = data.draw(st.lists(st.sampled_from(WIRE[1:-2]), max_size=25))
    wire = [*WIRE[:1], *middle, *WIRE[-2:]]
    text = translated(wire, data.draw(st.integers(0, 400)))
    # Pieces of one call's input that come twice make no JSON, and a call that comes twice has one id.
    tolerated = ("two blocks have the id", ".input is None")
    assert [error for error in check_stream(text) if not any(what in error for what in tolerated)] == []


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_members_lost_and_of_the_wrong_type(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WIRE) - 1))
    event = json.loads(json.dumps(WIRE[at]))
    holder = event
    while True:
        name = data.draw(st.sampled_from(sorted(holder) or [""]))
        if isinstance(holder.get(name), dict) and data.draw(st.booleans()):
            holder = holder[name]
            continue
        holder[name] = data.draw(junk)
        if data.draw(st.booleans()):
            del holder[name]
        break
    text = translated([*WIRE[:at], event, *WIRE[at + 1 :]], data.draw(st.integers(0, 2000)))
    assert text.endswith("\n\n")
    assert ("message_stop" in text) != ("event: error" in text)
