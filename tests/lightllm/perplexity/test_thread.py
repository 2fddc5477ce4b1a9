"""Entries of a thread as messages: what was asked, what was answered, on which pages it was found."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.perplexity.entries import Source
from ccproxy.lightllm.perplexity.thread import Turn, messages, turn, turns

RESULTS = [
    {"name": "One", "url": "https://pages.example/1", "snippet": "first"},
    {"name": "Two", "url": "https://pages.example/2"},
]


def entry(answer: str = "The moon [1] and the sun [2].", **more: Any) -> dict[str, Any]:
    """An entry as the site tells it."""
    blocks = [
        {"intended_usage": "web_results", "web_result_block": {"progress": "DONE", "web_results": RESULTS}},
        {"intended_usage": "ask_text", "markdown_block": {"answer": "in plain text"}},
        {"intended_usage": "ask_text_0_markdown", "markdown_block": {"progress": "DONE", "answer": answer}},
    ]
    made = {"backend_uuid": "b-1", "query_str": "Why tides?", "display_model": "gpt54", "blocks": blocks}
    return {**made, "attachments": [], "status": "COMPLETED", **more}


def planned(**more: Any) -> dict[str, Any]:
    """An entry with a goal and a step."""
    step = {"step_type": "SEARCH_WEB", "uuid": "s", "search_web_content": {"queries": [{"query": "tides"}]}}
    plan = {"progress": "DONE", "goals": [{"id": "0", "description": "Look it up."}], "steps": [step]}
    made = entry(**more)
    return {**made, "blocks": [{"intended_usage": "pro_search_steps", "plan_block": plan}, *made["blocks"]]}


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("markdown", "The moon [1](https://pages.example/1) and the sun [2](https://pages.example/2)."),
        ("default", "The moon [1] and the sun [2]."),
        ("clean", "The moon and the sun."),
    ],
)
def test_citations_are_told_as_they_are_wanted(mode: str, text: str) -> None:
    found = turn(entry(), mode)
    assert found.answer == text
    assert found.sources == [
        Source("https://pages.example/1", "One", "first"),
        Source("https://pages.example/2", "Two", ""),
    ]


def test_links_and_the_list_of_sources_agree() -> None:
    first, again = {"name": "A", "url": "https://p.example/a"}, {"name": "A2", "url": "https://p.example/a"}
    more = [{"name": "B", "url": "https://p.example/b"}, first, {"name": "C", "url": "https://p.example/c"}]
    made = entry("One [1], two [2], three [3], four [4], five [5].")
    lists = [{"web_results": [first, again]}, {"web_results": more}]
    blocks = [{"intended_usage": "web_results", "web_result_block": each} for each in lists]
    found = turn({**made, "blocks": [*blocks, *made["blocks"][1:]]})
    linked = {int(number): url for number, url in re.findall(r"\[(\d)\]\((\S+?)\)", found.answer)}
    assert linked == {number: each.url for number, each in enumerate(found.sources, 1)}
    assert [each.title for each in found.sources] == ["A", "A2", "B", "C"]


def test_sources_that_only_steps_tell() -> None:
    steps = [{"step_type": "WEB_RESULTS", "uuid": "s", "web_results_content": {"web_results": RESULTS}}]
    plan = {"intended_usage": "pro_search_steps", "plan_block": {"progress": "DONE", "goals": [], "steps": steps}}
    made = entry()
    found = turn({**made, "blocks": [plan, *made["blocks"][1:]]})
    assert [each.title for each in found.sources] == ["One", "Two"]
    assert "[2](https://pages.example/2)" in found.answer


def test_an_entry_is_a_question_and_its_answer() -> None:
    found = turn(
        entry("Yes.", attachments=["https://f.example/a.pdf"], updated_datetime="2026-01-01T10:00:00"), "clean"
    )
    assert found == Turn(
        id="b-1",
        question="Why tides?",
        attachments=["https://f.example/a.pdf"],
        answer="Yes.",
        reasoning="",
        model="openai/gpt-5.4",
        moment="2026-01-01T10:00:00",
        sources=found.sources,
    )


def test_messages_name_attachments_below_the_question() -> None:
    asked, answered = messages([turn(entry("Yes.", attachments=["https://f.example/a.pdf", "https://f.example/b"]))])
    assert asked == {
        "role": "user",
        "content": "Why tides?\n\nAttachments:\n- https://f.example/a.pdf\n- https://f.example/b",
    }
    assert answered == {"role": "assistant", "content": "Yes."}


def test_reasoning_is_told_beside_the_answer_if_it_is_wanted() -> None:
    read = turns([planned()])
    assert [set(each) for each in messages(read)] == [{"role", "content"}, {"role", "content", "reasoning_content"}]
    reasoning = messages(read)[1]["reasoning_content"]
    assert "Look it up." in reasoning
    assert "tides" in reasoning
    assert "Look it up." not in messages(read)[1]["content"]
    assert [set(each) for each in messages(read, reasoning=False)] == [{"role", "content"}] * 2


def test_the_answer_is_in_the_block_that_the_entry_names() -> None:
    other = {"intended_usage": "ask_text_1_markdown", "markdown_block": {"answer": "the better one"}}
    made = entry("the other one", structured_answer_block_usages=["ask_text_1_markdown"])
    assert turn({**made, "blocks": [*made["blocks"], other]}).answer == "the better one"
    assert turn(entry("still there", structured_answer_block_usages=["no_such_block"])).answer == "still there"


def test_old_entries_have_their_answer_in_the_last_step() -> None:
    inner = {"answer": "The moon [2].", "web_results": RESULTS}
    steps = [
        {"step_type": "INITIAL_QUERY", "content": {}},
        {"step_type": "FINAL", "content": {"answer": json.dumps(inner)}},
    ]
    found = turn({"uuid": "u", "query_str": "Why?", "text": json.dumps(steps)})
    assert (found.id, found.answer) == ("u", "The moon [2](https://pages.example/2).")
    assert [each.title for each in found.sources] == ["One", "Two"]
    plain = [{"step_type": "FINAL", "content": {"answer": "in so many words"}}]
    assert turn({"text": json.dumps(plain)}).answer == "in so many words"


def test_an_entry_without_an_answer_says_why() -> None:
    failed = turn(
        {"query_str": "Why?", "status": "FAILED", "error_code": "BUSY", "error_message": "try later", "blocks": []}
    )
    assert (failed.answer, "try later" in failed.error) == ("", True)
    assert messages([failed]) == [{"role": "user", "content": "Why?"}]


def test_clarifying_questions_are_the_answer() -> None:
    step = {"step_type": "RESEARCH_CLARIFYING_QUESTIONS", "uuid": "s", "content": {"questions": ["Which?", "When?"]}}
    plan = {"progress": "DONE", "goals": [], "steps": [step]}
    found = turn({"query_str": "Why?", "blocks": [{"intended_usage": "pro_search_steps", "plan_block": plan}]})
    assert "Which?" in found.answer
    assert "When?" in found.answer


def test_code_keeps_its_brackets() -> None:
    text = "Use `a[1]`.\n\n```\nb[2]\n```\n\nAs said [1]."
    assert turn(entry(text), "clean").answer == text.replace(" [1].", ".")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BLOCK = st.fixed_dictionaries(
    {"intended_usage": st.sampled_from(["ask_text_0_markdown", "web_results", "plan", "x"]) | JSON},
    optional={
        "markdown_block": JSON,
        "web_result_block": JSON | st.fixed_dictionaries({"web_results": JSON}),
        "plan_block": JSON,
    },
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "blocks": JSON | st.lists(BLOCK, max_size=3),
        "structured_answer_block_usages": JSON | st.just(["x"]),
        "text": JSON | JSON.map(json.dumps),
        **dict.fromkeys(("query_str", "attachments", "display_model", "uuid", "error_code", "updated_datetime"), JSON),
    },
)


@given(st.lists(ENTRY | JSON, max_size=3), st.sampled_from(["markdown", "default", "clean"]))
@settings(max_examples=500, deadline=None)
def test_whatever_the_site_tells_it_is_read(entries: list[Any], mode: str) -> None:
    read = turns(entries, mode)
    assert len(read) == sum(isinstance(each, dict) for each in entries)
    assert all(isinstance(value, str) for each in messages(read) for value in each.values())
