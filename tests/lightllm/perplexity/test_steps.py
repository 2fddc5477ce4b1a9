"""What the application did before it answered, as lines of thinking."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.lightllm.perplexity.step_lines import STEPS, Lines
from ccproxy.lightllm.perplexity.steps import merged, questions
from tests.support.perplexity.encodings import step

LINES: list[tuple[str, dict[str, Any], str]] = [
    ("INITIAL_QUERY", {"query": "x"}, ""),
    ("FINAL", {"answer": "x"}, ""),
    ("TERMINATE", {}, "■ Finished"),
    ("ATTACHMENT", {"filename": "a.pdf"}, "→ Reading a file: a.pdf"),
    ("ATTACHMENT", {"name": "a", "filename": "a.pdf"}, "→ Reading a file: a"),
    ("SEARCH_WEB", {"queries": [{"engine": "web", "query": "x"}, "y"]}, "→ Searching: x, y"),
    ("SEARCH_WEB", {"query": "x"}, "→ Searching: x"),
    ("SEARCH_WEB", {}, "→ Searching"),
    ("WEB_RESULTS", {"web_results": [{}, {}]}, "← Results: 2"),
    ("WEB_RESULTS", {"count": 7}, "← Results: 7"),
    ("READ_RESULTS", {"urls": ["https://a", {"url": "https://b"}]}, "→ Reading: https://a, https://b"),
    ("READ_RESULTS", {"urls": [str(n) for n in range(10)]}, "→ Reading: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"),
    ("GET_URL_CONTENT", {"url": "https://a"}, "→ Reading: https://a"),
    (
        "MCP_TOOL_INPUT",
        {"app": "Mail", "tool_name": "send", "tool_args": {"to": "me"}},
        '→ Tool: Mail send {"to":"me"}',
    ),
    (
        "MCP_TOOL_INPUT",
        {"tool_id": "t1", "tool_input_summary": "Sends", "request_user_approval": True},
        "→ Tool: t1 Sends (needs approval)",
    ),
    ("MCP_TOOL_OUTPUT", {"tool_name": "send", "status": "ok", "content": "sent\n it"}, "← Tool: send ok sent it"),
    ("COMET_AGENT_TOOL_INPUT", {"tool_name": "click"}, "→ Browser agent: click"),
    ("COMET_AGENT_TOOL_OUTPUT", {"content": "done"}, "← Browser agent: done"),
    ("BROWSER_SEARCH", {"query": "x"}, "→ Searching in the browser: x"),
    ("SEARCH_BROWSER", {"queries": ["x"]}, "→ Searching in the browser: x"),
    ("URL_NAVIGATE", {"url": "https://a"}, "→ Opening: https://a"),
    ("CODE", {"language": "python", "code": "1/0"}, "→ Running code: python"),
    ("GENERATE_IMAGE", {"prompt": "a cat"}, "→ Making an image: a cat"),
    ("CREATE_TASKS", {"tasks": [{"title": "a"}, "b"]}, "→ Planning tasks: a, b"),
    ("SEND_EMAIL", {"description": "to all"}, "→ Sending mail: to all"),
    ("SOMETHING_NEW", {"description": "never seen"}, "• Something new: never seen"),
    ("SOMETHING_NEW", {"x": 1}, "• Something new"),
    ("_", {"x": 1}, "• Step"),
]


@pytest.mark.parametrize(("kind", "content", "line"), LINES, ids=[f"{n}-{each[0]}" for n, each in enumerate(LINES)])
def test_lines(kind: str, content: dict[str, Any], line: str) -> None:
    assert Lines().line(step(kind, "u", **content)) == line
    assert Lines().line({"step_type": kind, "content": content}) == line


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("content", [None, [], "x", 3, {"queries": 3, "urls": {"a": 1}, "app": [], "web_results": 1}])
def test_every_type_has_a_line_whatever_it_is_about(kind: str, content: Any) -> None:
    line = Lines().line({"step_type": kind, f"{kind.lower()}_content": content, "uuid": 3})
    assert line.startswith(STEPS[kind][0])
    assert "\n" not in line


def test_a_tools_output_names_the_tool() -> None:
    """R7: the name is that of the input before it."""
    lines = Lines()
    lines.line(step("MCP_TOOL_INPUT", "1", app="Mail", tool_name="send"))
    assert lines.line(step("MCP_TOOL_OUTPUT", "2", content="sent")) == "← Tool: Mail send sent"


def test_what_stands_beside_the_content_fills_what_that_leaves_out() -> None:
    bare = {"step_type": "MCP_TOOL_INPUT", "tool_name": "send", "tool_input_summary": "Sends a letter"}
    assert Lines().line(bare) == "→ Tool: send Sends a letter"
    assert Lines().line({**bare, "content": {"tool_name": "post"}}) == "→ Tool: post Sends a letter"


def test_a_long_line_is_cut() -> None:
    assert Lines().line(step("GENERATE_IMAGE", "u", prompt="x" * 5000)) == f"→ Making an image: {'x' * 500}…"


def test_what_is_nested_too_deep_to_be_shown() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"a": deep}
    assert Lines().line(step("MCP_TOOL_INPUT", "u", tool_name="send", tool_args=deep)) == "→ Tool: send …"


def test_a_step_is_what_is_known_of_it() -> None:
    early = step("SEARCH_WEB", "u", queries=[{"query": "x"}], goal_id="0")
    late = {"uuid": "u", "step_type": "SEARCH_WEB", "search_web_content": {"web_results": [1]}, "status": ""}
    both = merged(early, late)
    assert both["search_web_content"] == {"queries": [{"query": "x"}], "goal_id": "0", "web_results": [1]}
    assert merged({}, late) is late


@pytest.mark.parametrize("kind", ["RESEARCH_CLARIFYING_QUESTIONS", "CLARIFYING_QUESTIONS"])
@pytest.mark.parametrize("name", ["questions", "clarifying_questions"])
def test_questions(kind: str, name: str) -> None:
    asked = step(kind, "u", **{name: ["Which one?", {"question": "When?"}, None, {}]})
    assert questions(asked) == ["Which one?", "When?"]
    assert Lines().line(asked) == ""


def test_other_steps_ask_nothing() -> None:
    assert questions(step("CODE", "u", questions=["x"])) == []
