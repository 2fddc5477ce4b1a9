"""Streams of the web application, as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.perplexity.stream import StreamReader
from tests.lightllm.perplexity.telling import SOURCES, answer, done, events, said, text, thinking, whole
from tests.support.perplexity.encodings import failed, patched, step

OWN = WireFormat.PERPLEXITY
EXAMPLE: dict[str, Any] = {
    "backend_uuid": "b", "context_uuid": "c", "read_write_token": "t", "thread_url_slug": "s",
    "display_model": "claude46sonnet", "status": "PENDING", "text_completed": False, "final": False,
    "final_sse_message": False, "blocks": [
        {"intended_usage": "plan", "plan_block": {"progress": "IN_PROGRESS", "steps": [],
         "goals": [{"id": "0", "description": "Looking", "final": False}]}},
        {"intended_usage": "pro_search_steps", "plan_block": {"steps": [{"uuid": "s1", "step_type": "SEARCH_WEB",
         "search_web_content": {"goal_id": "0", "queries": [{"engine": "web", "query": "x"}]}}]}},
        SOURCES,
        {"intended_usage": "ask_text_0_markdown", "diff_block": {"field": "markdown_block", "patches": [
            {"op": "replace", "path": "", "value": {"progress": "IN_PROGRESS", "chunks": ["Hel"],
             "chunk_starting_offset": 0, "answer": None}},
            {"op": "add", "path": "/chunks/1", "value": "lo"}]}},
    ],
}  # fmt: skip


def plan(goals: list[str], *steps: dict[str, Any], usage: str = "plan") -> dict[str, Any]:
    listed = [{"id": str(number), "description": goal} for number, goal in enumerate(goals)]
    return {"intended_usage": usage, "plan_block": {"goals": listed, "steps": list(steps)}}


def test_an_answer() -> None:
    told = events(EXAMPLE, done(whole("Hello")))
    assert told[:7] == [
        ev.MessageStart("b", "anthropic/claude-sonnet-4.6"),
        ev.ThinkingStart(0),
        ev.ThinkingDelta(0, "Looking"),
        ev.ThinkingDelta(0, "\n→ Searching: x"),
        ev.BlockStop(0),
        ev.TextStart(1),
        ev.TextDelta(1, "Hello"),
    ]
    assert [type(event) for event in told[7:]] == [ev.CitationDelta] * 2 + [ev.BlockStop, ev.Finish, ev.End]


def test_text_comes_at_once() -> None:
    reader = StreamReader()
    told = reader.read(b"message", json.dumps(said(patched("/chunks/0", "now"))).encode())
    assert list(told)[1:] == [ev.TextStart(0), ev.TextDelta(0, "now")]


def test_the_thread_is_told() -> None:
    """C22: the slug comes back; the ids for the next turn do not reach a client."""
    first = said(patched("/chunks/0", "a [1]"), backend_uuid="old", read_write_token="", thread_title="T")
    last = {**done(SOURCES), "backend_uuid": "new", "read_write_token": "late", "context_uuid": None}
    told = answer(said(context_uuid="c"), first, last, citations="clean")
    assert told.finish == ev.Finish(ev.StopReason.DONE, native="COMPLETED")
    assert told.finish is not None
    assert told.finish.metadata == {"pplx_thread_url_slug": "hello-abc", "session_id": "hello-abc"}
    assert told.finish.thread == {
        "backend_uuid": "new",
        "context_uuid": "c",
        "read_write_token": "late",
        "thread_url_slug": "hello-abc",
        "thread_title": "Hello",
        "answer": "a",
    }


def test_a_thread_without_a_slug_is_none_to_a_client() -> None:
    told = answer({"blocks": [whole("a")], "final_sse_message": True})
    assert told.finish is not None
    assert told.finish.metadata is None


def test_a_text_that_is_known_only_at_the_end() -> None:
    assert text(answer(said(), done(whole("Hello")))) == "Hello"


def test_the_end_adds_what_is_missing() -> None:
    assert text(answer(said(patched("/chunks/0", "Hel")), done(whole("Hello")))) == "Hello"
    assert text(answer(said(patched("/chunks/0", "Hello ")), done(whole("Hello")))) == "Hello "


def test_an_end_that_differs_in_spaces_only_is_no_other_text() -> None:
    first = said(patched("/chunks/0", "a\n\nb"))
    assert text(answer(first, done(whole("a\nb")))) == "a\n\nb"
    assert text(answer(first, done(whole("a\nb")), whole=True)) == "a\nb"


def test_a_text_that_is_told_anew() -> None:
    """What a client has is told; the new text follows. Who gets the answer in one piece gets that alone."""
    stream = said(patched("", {"answer": "Rome ["})), said(patched("", {"answer": "Paris"})), done(whole("Paris!"))
    assert text(answer(*stream)) == "Rome \n\nParis!"
    assert text(answer(*stream, whole=True)) == "Paris!"
    unseen = said(patched("", {"answer": "["})), said(patched("", {"answer": "Paris"})), done(whole("Paris!"))
    assert text(answer(*unseen)) == "Paris!"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_shorter_end_takes_nothing_away(at_once: bool) -> None:
    """The end only adds what is missing."""
    stream = said(patched("", {"answer": "Rome and"})), done(whole("Rome"))
    assert text(answer(*stream, whole=at_once)) == "Rome and"


def test_a_shorter_end_counts_where_a_piece_has_its_place_by_a_guess() -> None:
    """Behind a whole text: nobody has told which pieces that has."""
    stream = said(patched("", {"answer": "Rome"})), said(patched("/chunks/1", "me")), done(whole("Rome"))
    assert text(answer(*stream, whole=True)) == "Rome"


def test_ask_text_is_not_told_twice() -> None:
    plain = {"intended_usage": "ask_text", "markdown_block": {"answer": "Hello"}}
    assert text(answer(said(plain, patched("/chunks/0", "Hello")), done(plain, whole("Hello")))) == "Hello"
    assert text(answer(said(plain), done(plain))) == "Hello"  # there is nothing else


@pytest.mark.parametrize("usage", ["media_items", "pending_followups", "never_seen", None, 3, ["x"]])
def test_blocks_for_other_uses_are_nothing(usage: Any) -> None:
    odd = {"intended_usage": usage, "markdown_block": {"answer": "x"}, "plan_block": {"goals": [{"description": "x"}]}}
    told = answer(said(odd), done(odd, whole("Hello")))
    assert (text(told), thinking(told)) == ("Hello", "")


def test_events_of_the_older_form() -> None:
    steps = [
        step("SEARCH_WEB", "1", query="x"),
        {"step_type": "FINAL", "content": {"answer": json.dumps({"answer": "Hello", "web_results": []})}},
    ]
    told = answer({"text": json.dumps(steps)}, {**done(), "text": json.dumps(steps)})
    assert (text(told), thinking(told)) == ("Hello", "→ Searching: x")
    both = answer(said(plan(["a"]), text=json.dumps(steps)), {**done(whole("b")), "text": json.dumps(steps)})
    assert (text(both), thinking(both)) == ("b", "a")


# -- plans


def test_each_goal_is_told() -> None:
    """C22: each goal has a beginning of its own."""
    told = answer(
        said(plan(["Looking"])),
        said(plan(["Looking it up"])),
        said(plan(["Looking it up", "Reading"])),
        said(plan(["Looking it up", "Reading", "Thinking"])),
        done(whole("x")),
    )
    assert thinking(told) == "Looking it up\n\nReading\n\nThinking"


def test_goals_as_patches() -> None:
    def change(path: str, value: Any) -> dict[str, Any]:
        return said(patched(path, value, data="plan_block"))

    told = answer(
        change("", {"goals": [{"id": "a", "description": "Look"}]}),
        change("/goals/0/description", "ing"),
        change("/goals/0/description", "Looking up"),
        change("/goals/1", {"id": "b", "description": "Read"}),
        change("/goals/1/description", "Read"),
        change("/goals/1/id", "c"),
        change("/goals/-", {"id": "d", "description": "Think"}),
        change("/progress", "DONE"),
        change("/goals/99999999/description", "x"),
        change("/goals/x", {}),
        done(whole("x")),
    )
    assert thinking(told) == "Looking up\n\nRead\n\nThink"


def test_a_step_is_told_once_with_all_that_is_known_of_it() -> None:
    """R8: what comes before the next step begins counts."""
    bare = {"uuid": "1", "step_type": "SEARCH_WEB"}
    full = step("SEARCH_WEB", "1", queries=["x"])
    told = answer(said(plan([], bare)), said(plan([], full)), said(plan([], full, step("CODE", "2"))), done(whole("a")))
    assert thinking(told) == "→ Searching: x\n→ Running code"


def test_a_step_is_told_when_the_answer_begins() -> None:
    reader = StreamReader()
    first = said(plan([], step("CODE", "1")))
    assert [type(event) for event in reader.read(b"", json.dumps(first).encode())] == [ev.MessageStart]
    second = json.dumps(said(patched("/chunks/0", "a"))).encode()
    assert list(reader.read(b"", second))[:2] == [ev.ThinkingStart(0), ev.ThinkingDelta(0, "→ Running code")]


def test_steps_as_patches() -> None:
    def change(path: str, value: Any) -> dict[str, Any]:
        return said(patched(path, value, data="plan_block"))

    told = answer(
        change("/steps/0", {"uuid": "1", "step_type": "SEARCH_WEB"}),
        change("/steps/0/search_web_content", {"queries": []}),
        change("/steps/0/search_web_content/queries/0", {"query": "x"}),
        change("/steps/0/search_web_content/queries/-", {"query": "y"}),
        change("/steps/0/search_web_content/queries/9", {"query": "z"}),
        change("/steps/-", step("CODE", "2")),
        done(whole("a")),
    )
    assert thinking(told) == "→ Searching: x, y\n→ Running code"


def test_steps_without_an_id_are_told_by_apart_by_their_places() -> None:
    code = {"step_type": "CODE", "code_content": {}}
    told = answer(said(plan([], code)), said(plan([], code, code)), said(plan([], code, code)), done(whole("a")))
    assert thinking(told) == "→ Running code\n→ Running code"


def test_what_is_planned_behind_the_text_is_a_block_of_its_own() -> None:
    told = answer(said(plan(["a"]), whole("x")), said(plan(["a", "b"])), done(whole("xy")))
    assert (thinking(told), text(told)) == ("a\n---\nb", "xy")


def test_questions_are_an_answer() -> None:
    """C22: clarifying questions are not an empty success."""
    asking = step("RESEARCH_CLARIFYING_QUESTIONS", "q", questions=["Which year?", {"question": "Which country?"}])
    assert text(answer(said(plan(["a"], asking)), done())) == "- Which year?\n- Which country?"
    assert text(answer(said(plan(["a"], asking)), done(whole("x")))) == "x\n\n- Which year?\n- Which country?"
    assert text(answer(said(plan(["a"], asking)), done(), whole=True)) == "- Which year?\n- Which country?"


# -- ends


def test_a_stream_without_its_last_event_is_not_whole() -> None:
    """C4: not an end."""
    told = answer(said(whole("Hello")), {**said(), "final": True, "status": "COMPLETED"})
    assert text(told) == "502 the provider ended its stream in mid-answer"
    assert not told.complete


@pytest.mark.parametrize("stream", [(), (done(),), (said(), done()), (done(whole("")),)])
def test_no_answer_is_no_success(stream: tuple[dict[str, Any], ...]) -> None:
    """C22: an empty stream is an error."""
    told = answer(*stream)
    assert text(told).startswith("502 the provider ended its stream without an answer")
    assert not told.complete


def test_an_error_event_is_an_error() -> None:
    """C22, C4: not an empty success, whatever came before."""
    told = answer(said(whole("Hel")), failed("RATE_LIMITED", "slow down"))
    assert told.error is not None
    assert (told.error.status, told.error.message, told.error.code) == (429, "slow down", "RATE_LIMITED")
    assert not told.complete


def test_nothing_comes_behind_the_end() -> None:
    reader = StreamReader()
    assert type(list(reader.read(b"", json.dumps(done(whole("a"))).encode()))[-1]) is ev.End
    assert list(reader.read(b"", json.dumps(failed("X", "y")).encode())) == []
    assert list(reader.read(b"end_of_stream", b"{}")) == []
    assert list(reader.end()) == []


def test_an_event_that_says_nothing_shows_that_the_provider_is_there() -> None:
    reader = StreamReader()
    assert list(reader.read(b"", b"{}")) == [ev.MessageStart()]
    assert list(reader.read(b"", b"{}")) == [ev.Ping()]


@pytest.mark.parametrize("data", [b"", b"no JSON", b"[]", b"3", b"null", b'"x"', b"[DONE]"])
def test_what_is_no_event(data: bytes) -> None:
    with pytest.raises(Malformed):
        StreamReader().read(b"message", data)


def test_steps_stand_with_the_goals_that_they_are_for() -> None:
    steps = [step("CODE", "1", goal_id="1"), step("SEARCH_WEB", "2", goal_id=0), step("TERMINATE", "3", goal_id="x")]
    told = answer(said(plan(["a", "b"], *steps)), done(whole("x")))
    assert thinking(told) == "a\n→ Searching\n\nb\n→ Running code\n■ Finished"
