"""One answer, told in all ways in which the application may tell it: a client always gets the same."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.translate import read_stream_events
from tests.lightllm.perplexity.telling import citations, text, thinking
from tests.support.perplexity.encodings import Goal, State, events, final, frames, mirror, patched, result, step

PIECES = [
    "Hel",
    "lo",
    " ",
    "[1]",
    "[",
    "2",
    "]",
    " [3]",
    "`",
    "```\n",
    "\n",
    "\n\n",
    ".",
    "é",
    "(",
    "",
    "ha",
    "ha",
    "\\",
    "    ",
    "> ",
    "$$",
]
ANOTHER = "\u00a7"
"""What no answer begins with: a text that does is not one that goes on behind the answer's end, which would stay."""
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).filter(any).map(tuple)
KINDS = [
    step("SEARCH_WEB", "", queries=[{"engine": "web", "query": "x"}]),
    step("READ_RESULTS", "", urls=["https://example.org"]),
    step("MCP_TOOL_INPUT", "", tool_name="send", tool_args={"a": 1}),
    step("MCP_TOOL_OUTPUT", "", content="sent"),
    step("INITIAL_QUERY", "", query="x"),
    step("NEVER_SEEN", "", description="x"),
]
words = st.text(st.sampled_from("ab é\n"), min_size=1, max_size=8)


@st.composite
def states(draw: st.DrawFn) -> State:
    """A state, each of its steps with an id of its own."""
    goals, number = [], 0
    for goal in draw(st.lists(words, max_size=3)):
        steps = draw(st.lists(st.sampled_from(KINDS), max_size=3))
        goals.append(Goal(goal, tuple({**one, "uuid": f"u{number + nth}"} for nth, one in enumerate(steps))))
        number += len(steps)
    results = tuple(result(number + 1) for number in range(draw(st.integers(0, 3))))
    return State(draw(texts), tuple(goals), results)


type Told = tuple[str, str, list[tuple[str | None, str | None, int | None, int | None]], dict[str, object] | None]


def told(body: bytes, mode: str, whole: bool) -> Told:
    """What a client gets."""
    reading = {"citations": mode, "whole": whole}
    answer = an.collect(read_stream_events(body, WireFormat.PERPLEXITY, reading))
    sources = [(each.url, each.title, each.start, each.end) for each in citations(answer)]
    return text(answer), thinking(answer), sources, answer.finish.thread if answer.finish else None


def plainly(state: State) -> bytes:
    """The answer in the simplest way: everything in the last event."""
    goals = [{"id": str(number), "description": goal.text} for number, goal in enumerate(state.goals)]
    steps = [{**taken, "goal_id": str(number)} for number, goal in enumerate(state.goals) for taken in goal.steps]
    plan = {"intended_usage": "plan", "plan_block": {"goals": goals, "steps": steps}}
    found = {"intended_usage": "web_results", "web_result_block": {"web_results": list(state.results)}}
    return frames([final(state, [plan, found, mirror(state)])])


@settings(deadline=None, max_examples=1000, print_blob=True)
@given(states(), st.randoms(use_true_random=False), st.sampled_from(sorted(MODES)), st.booleans())
def test_however_it_is_told(state: State, random: Random, mode: str, at_once: bool) -> None:
    assert told(frames(events(state, random)), mode, at_once) == told(plainly(state), mode, True)


@settings(deadline=None, max_examples=200, print_blob=True)
@given(states(), st.lists(texts, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_who_waits_gets_the_last_text_whatever_was_told_before(
    state: State, drafts: list[tuple[str, ...]], random: Random
) -> None:
    """In one piece: exactly the text that stays. Piece by piece: that text too, but for spaces."""
    stream = events(state, random)
    for draft in drafts:
        rewritten = {"blocks": [patched("", {"answer": "".join((ANOTHER, *draft))})]}
        stream.insert(random.randrange(len(stream)), rewritten)
    assert told(frames(stream), "markdown", True)[0] == told(plainly(state), "markdown", True)[0]
    live = told(frames(stream), "default", False)[0]
    ends = [live[at:] for at in range(len(live) + 1)]
    assert any(end.startswith(state.answer) or end.split() == state.answer.split() for end in ends)
