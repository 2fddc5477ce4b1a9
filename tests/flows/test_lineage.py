from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, Exchange, Message, WebSocketRecord, WireFormat
from ccproxy.flows.lineage.lineage import Lineage, Place
from ccproxy.flows.selection import Selection
from ccproxy.flows.summary import summarize
from tests.support.turns import HELPER, TOOLS, ask, exchange, model, task, user

SUMMARY = "<analysis>\nWhat was there?\n</analysis>\n<summary>\nWe spoke of the weather.\nIt is fine today.\n</summary>"


NAMES = (
    "messages", "input", "contents", "request", "role", "content", "parts", "text", "type", "system", "tools", "delta",
    "choices", "tool_calls", "function", "arguments", "candidates", "response", "output", "item", "id", "object",
)  # fmt: skip


def places(*flows: Exchange) -> list[tuple[str, str | None]]:
    """Kind and parent of each, parents by their place in the list."""
    lineage, ids = Lineage(), [flow.id for flow in flows]
    found = [lineage.place(flow) for flow in flows]
    return [(place.kind, f"#{ids.index(place.parent)}" if place.parent else None) for place in found if place]


def test_turns_follow_each_other_whatever_marks_and_ids_change() -> None:
    marked = {**user("one"), "content": [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}]}
    call = {"type": "tool_use", "id": "a", "name": "Read", "input": {"file": "x"}}
    thought = {"type": "thinking", "thinking": "well", "signature": "abc"}
    result = {"type": "tool_result", "tool_use_id": "a", "content": "text"}
    later = {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "text"}]}
    reminder = {"role": "system", "content": "It is late."}
    asked = {"role": "user", "content": "one"}
    assert places(
        ask([marked]),
        ask([asked, {"role": "assistant", "content": [thought, call]}, {"role": "user", "content": [result]}]),
        ask(
            [
                asked,
                reminder,
                {"role": "assistant", "content": [{**call, "id": "b"}]},
                {"role": "user", "content": [later]},
                model("two"),
                user("three"),
            ]
        ),
    ) == [("root", None), ("turn", "#0"), ("turn", "#1")]


def test_an_edit_a_retry_and_a_conversation_of_its_own() -> None:
    begun = [user("one"), model("1"), user("two")]
    assert places(
        ask([user("one")]),
        ask(begun, status=529),
        ask(begun),
        ask([*begun, model("2"), user("three")]),
        ask([user("one"), model("1"), user("two, but otherwise")]),
        ask([*begun, model("2, but otherwise"), user("four")]),
        ask([user("something else")]),
    ) == [
        ("root", None),
        ("turn", "#0"),
        ("again", "#1"),
        ("turn", "#2"),
        ("edit", "#0"),
        ("edit", "#2"),
        ("root", None),
    ]


def test_a_beginning_that_no_flow_ends_with_is_the_same_conversation() -> None:
    asked = [user("one"), model("1"), user("two"), model("2"), user("three"), model("3"), user("four")]
    cleared = [*asked[:2], user("[cleared]"), *asked[3:], model("4"), user("five")]
    assert places(ask(asked), ask([*asked[:2], user("other")]), ask([*asked[:2], user("another")]), ask(cleared)) == [
        ("root", None),
        ("edit", "#0"),
        ("edit", "#0"),
        ("turn", "#0"),
    ]


def test_sub_agents_belong_to_the_turn_that_called_them() -> None:
    calls = [task("Count the files."), task("Read the notes.")]
    results = [{"type": "tool_result", "tool_use_id": each["id"], "content": "done"} for each in calls]
    reminder = {"type": "text", "text": "<system-reminder>\nbe kind\n</system-reminder>"}
    helper = [{"role": "user", "content": [reminder, {"type": "text", "text": "Read the notes."}]}]
    assert places(
        ask([user("do both")], calls),
        ask([user("Count the files.")], "7", system=HELPER),
        ask(helper, [{"type": "tool_use", "id": "x", "name": "Read", "input": {}}], system=HELPER),
        ask([*helper, model("read"), user("more")], system=HELPER),
        ask([user("do both"), {"role": "assistant", "content": calls}, {"role": "user", "content": results}]),
        ask([user("by nobody known")], system="You are somebody else."),
    ) == [("root", None), ("agent", "#0"), ("agent", "#0"), ("turn", "#2"), ("turn", "#0"), ("agent", "#4")]


def test_a_streamed_call_is_read() -> None:
    events = b"""event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"Task","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"prompt\\": \\"Go"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":" there.\\"}"}}

"""
    body = {"model": "m", "messages": [user("send somebody")]}
    called = exchange(WireFormat.ANTHROPIC, body, events)
    assert places(called, ask([user("Go there.")], system=HELPER)) == [("root", None), ("agent", "#0")]


def test_a_compaction_goes_on_after_the_summary() -> None:
    long = [user("one"), model("1"), user("two"), model("2"), user("three")]
    summed_up = user("This is what we had:\nWe spoke of the weather.\nIt is fine today.\n")
    assert places(
        ask(long),
        ask([*long, model("3"), user("sum it up")], SUMMARY),
        ask([summed_up, model("good"), user("go on")]),
        ask([summed_up, model("good"), user("go on"), model("yes"), user("and on")]),
    ) == [("root", None), ("turn", "#0"), ("compaction", "#1"), ("turn", "#2")]


def test_a_compaction_as_codex_does_it() -> None:
    def item(role: str, text: str) -> dict[str, Any]:
        return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}

    def flow(items: list[Any], *output: dict[str, Any]) -> Exchange:
        events = [{"type": "response.output_item.done", "item": each} for each in output]
        stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
        return exchange(WireFormat.OPENAI_RESPONSES, {"instructions": "Code.", "input": items, "tools": TOOLS}, stream)

    place, one, said = item("user", "in a place"), item("user", "one"), item("assistant", "1")
    thought = {"type": "reasoning", "encrypted_content": "x" * 40}
    summary = item("assistant", "The first thing is done.\nThe second is not.")
    told = item("user", "Somebody else wrote:\nThe first thing is done.\nThe second is not.")
    sealed = {"type": "compaction", "encrypted_content": "y" * 40}
    assert places(
        flow([place, one], thought, said),
        flow([place, one, thought, said, item("user", "sum it up")], thought, summary),
        flow([place, one, told, item("user", "two")]),
        flow([one, place, told, item("user", "three")], sealed),
        flow([sealed, item("user", "four")]),
    ) == [("root", None), ("turn", "#0"), ("compaction", "#1"), ("compaction", "#1"), ("compaction", "#3")]


def test_side_requests_are_no_turns() -> None:
    count = b"/v1/messages/count_tokens?beta=true"
    assert places(
        ask([user("one")]),
        ask([user("one"), model("1"), user("two")], target=count),
        ask([user("a title for: one")], system="You write titles.", tools=[]),
        ask([user("quota")], body={"max_tokens": 1}),
        ask([user("one"), model("1"), user("two")]),
    ) == [("root", None), ("side", "#0"), ("side", "#0"), ("side", "#0"), ("turn", "#0")]


def test_without_a_session_the_first_words_tell_where_to_look() -> None:
    facts: dict[str, Any] = {"session": None, "conversation": "c1"}
    one, two = ask([user("one")], **facts), ask([user("one"), model("1"), user("two")], **facts)
    stranger = ask([user("one"), model("1"), user("two")], session="other")
    assert places(one, two, stranger) == [("root", None), ("turn", "#0"), ("root", None)]
    fixed = [user("What would you call this?")]
    titles = [ask([*fixed, user("this")], **facts), ask([*fixed, user("that")], **facts)]
    assert places(*titles) == [("root", None), ("root", None)]


def test_chat_responses_and_gemini() -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}]
    answer = {"role": "assistant", "content": None, "tool_calls": []}
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "one"}]}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "1"}]}
    thought = {"type": "reasoning", "encrypted_content": "x"}
    part = {"role": "user", "parts": [{"text": "one"}]}
    contents = [part, {"role": "model", "parts": [{"thought": True, "text": "hm"}, {"text": "1"}]}]
    for format, first, second in (
        (WireFormat.OPENAI, {"messages": chat}, {"messages": [*chat, answer, {"role": "user", "content": "two"}]}),
        (WireFormat.OPENAI_RESPONSES, {"input": "one"}, {"input": [item, thought, said, item]}),
        (WireFormat.GEMINI, {"contents": [part]}, {"contents": [*contents, {"parts": [{"text": "two"}]}]}),
        (WireFormat.GEMINI, {"request": {"contents": [part]}}, {"request": {"contents": [*contents, part]}}),
    ):
        assert places(exchange(format, first), exchange(format, second)) == [("root", None), ("turn", "#0")], format


def test_responses_that_name_the_one_before() -> None:
    def turn(text: str, id: str, previous: str | None = None) -> Exchange:
        body = {"input": [{"role": "user", "content": text}], "previous_response_id": previous}
        return exchange(WireFormat.OPENAI_RESPONSES, body, {"id": id, "object": "response", "output": []})

    flows = [turn("one", "r1"), turn("two", "r2", "r1"), turn("three", "r3", "r2"), turn("other", "r4", "r1")]
    assert places(*flows) == [("root", None), ("turn", "#0"), ("turn", "#1"), ("edit", "#0")]
    lineage = Lineage()
    assert [place.turns for flow in flows if (place := lineage.place(flow))] == [1, 2, 3, 2]


def test_a_websocket_is_a_conversation_that_another_goes_on_with() -> None:
    def item(role: str, text: str) -> dict[str, Any]:
        return {"type": "message", "role": role, "content": [{"type": "text", "text": text}]}

    def socket(*said: tuple[list[Any], str]) -> Exchange:
        messages = []
        for number, (items, answer) in enumerate(said):
            ended = {"id": f"r{number}", "object": "response", "output": [item("assistant", answer)]}
            asked = {"type": "response.create", "model": "m", "input": items}
            messages.append(Message(True, json.dumps(asked).encode(), 0.0, True))
            messages.append(Message(False, json.dumps({"type": "response.completed", "response": ended}).encode(), 0.0))
        made = exchange(WireFormat.OPENAI_RESPONSES, b"", status=101)
        made.request.method, made.websocket = "GET", WebSocketRecord(messages=messages)
        return made

    one, two, three = (item("user", text) for text in ("one", "two", "three"))
    known = [one, item("assistant", "1"), two, item("assistant", "2"), three]
    flows = [socket(([one], "1"), ([two], "2")), socket((known, "3")), socket(), socket(([item("user", "other")], "4"))]
    assert places(*flows) == [("root", None), ("turn", "#0"), ("root", None)]


def test_what_is_no_conversation_has_no_place() -> None:
    bodies: Sequence[bytes] = [
        b"",
        b"{",
        b"[]",
        b'{"messages":[]}',
        b'{"messages":{}}',
        b'{"input":"\xff"}',
        b"\xff\x00",
    ]
    lineage = Lineage()
    assert [lineage.place(exchange(WireFormat.ANTHROPIC, body)) for body in bodies] == [None] * len(bodies)
    assert lineage.place(Exchange(ask([user("x")]).request)) is None


def test_a_body_that_breaks_off_has_the_messages_that_are_whole() -> None:
    whole = ask([user("one"), model("1"), user("two")]).request.body
    lineage = Lineage()
    assert lineage.place(ask([user("one")])) is not None
    cut = lineage.place(exchange(WireFormat.ANTHROPIC, whole[: whole.index(b"two")]))
    assert cut is not None
    assert cut.turns == 2


def test_titles_are_the_users_words_without_credentials() -> None:
    def title(*texts: str) -> str | None:
        blocks = [{"type": "text", "text": text} for text in texts]
        place = Lineage().place(ask([{"role": "user", "content": blocks}]))
        assert place is not None
        return place.title

    assert title("<system-reminder>x</system-reminder>", "what\n is  this?") == "what is this?"
    assert title("<system-reminder>x</system-reminder>") is None
    assert title("use sk-ant-api03-abcdefghijklmnop now") == "use [redacted] now"
    assert title("word " * 100) == ("word " * 16)[:79] + "…"
    result = {"type": "tool_result", "tool_use_id": "a", "content": "secret"}
    place = Lineage().place(ask([user("x"), {"role": "user", "content": [result]}]))
    assert place is not None
    assert place.title is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.tuples(st.sampled_from(CLIENT_FORMATS), values, values, st.booleans()), min_size=1, max_size=5))
def test_whatever_clients_and_providers_send_it_has_a_place_or_none(
    sent: list[tuple[WireFormat, Any, Any, bool]],
) -> None:
    lineage = Lineage()
    for format, body, answer, is_stream in sent:
        said = json.dumps(answer).encode()
        made = exchange(format, body if isinstance(body, dict) else {"messages": body}, b"data: " * is_stream + said)
        place = lineage.place(made)
        assert place is None or json.loads(json.dumps(place.members()))["turns"] > 0


def test_a_message_that_is_nested_too_deeply() -> None:
    deep = b'{"messages":[' + b'{"content":[' * 400 + b"]}" * 400 + b"]}"
    lineage = Lineage()
    found = [lineage.place(exchange(WireFormat.ANTHROPIC, deep)) for _ in range(2)]
    assert [place.kind for place in found if place] == ["root", "again"]


class Past:
    """Flows that a former process has placed."""

    def __init__(self, flows: Sequence[Exchange]) -> None:
        lineage = Lineage()
        self.flows = {flow.id: flow for flow in flows}
        self.told = [summarize(flow) | place.members() for flow in flows if (place := lineage.place(flow))]

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """Those that were selected."""
        return [flow for flow in self.told if selection.matches(flow)]

    def exchange(self, id: str) -> Exchange:
        """One of them."""
        return self.flows[id]


def test_a_new_process_goes_on_where_the_former_stopped() -> None:
    long = [user("one"), model("1"), user("two"), model("2"), user("three")]
    past = Past([ask([user("one")], [task("Go there.")]), ask(long, SUMMARY)])
    one, three = past.flows
    lineage = Lineage(past)

    def place(flow: Exchange) -> tuple[str, str | None]:
        found = lineage.place(flow)
        assert isinstance(found, Place)
        return found.kind, found.parent

    assert place(ask([user("Go there.")], system=HELPER)) == ("agent", one)
    assert place(ask([user("We spoke of the weather.\nIt is fine today."), model("x"), user("y")])) == (
        "compaction",
        three,
    )
    assert place(ask([user("one"), model("1"), user("2, otherwise")])) == ("edit", one)


def test_many_sessions_are_bounded() -> None:
    lineage = Lineage()
    big = "x" * 3_000_000
    for number in range(20):
        assert lineage.place(ask([user(big)], session=f"s{number}")) is not None
    assert lineage.bytes < 64 * 1024 * 1024
