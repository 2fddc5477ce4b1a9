"""What an answer of the web application is, however it is told; and what the words of a question order.

Orders stand in the question, each of them followed by its number where it has one:
SIM_WORDS n, SIM_SOURCES n, SIM_GOALS n, SIM_STEPS, SIM_QUESTIONS: what is in the answer.
SIM_MODE A|B|C|D|MIX, SIM_SEED n: how it is told. SIM_PACE n: milliseconds between two events.
SIM_ERROR status, SIM_ERROR_EVENT, SIM_DETAIL, SIM_EMPTY, SIM_CUT n, SIM_RESET n: how it goes wrong; n counts events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

NUMBERED = "WORDS|SOURCES|GOALS|MODE|SEED|PACE|ERROR|CUT|RESET"
PLAIN = "STEPS|QUESTIONS|ERROR_EVENT|DETAIL|EMPTY|TABLE"
ORDER = re.compile(rf"\bSIM_(?:({PLAIN})\b|({NUMBERED}) +(\w+)) *")
VOCABULARY = ("the", "river", "runs", "slowly", "past", "an", "old", "café", "with", "naïve", "songs", "and", "bells")
QUOTED = 300
"""Characters of a question that are in its answer."""
QUESTIONS = ("Which of the two do you mean?", "How recent should it be?")


@dataclass(frozen=True)
class Source:
    """A page that the answer was found on."""

    name: str
    url: str
    snippet: str


@dataclass
class Story:
    """The final state of an answer: the same for all ways of telling it."""

    answer: str = ""
    goals: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def orders(query: str) -> dict[str, str]:
    """What the words of a question order, by name; the last of two counts."""
    return {plain or name: value for plain, name, value in ORDER.findall(query)}


def source(number: int) -> Source:
    """The one that `[number]` names."""
    return Source(f"Page {number}", f"https://pages.example/{number}?q=a&b=é", f"Fact {number} is on this page.")


def story(query: str, turn: int = 1, attached: int = 0) -> Story:
    """What is answered. `turn` counts the questions of a thread, from 1."""
    asked = orders(query)
    number = int(asked.get("SOURCES", 0))
    made = Story(
        goals=[f"Goal {n}: find out about part {n}." for n in range(1, int(asked.get("GOALS", 0)) + 1)],
        steps=steps() if "STEPS" in asked else [],
        sources=[source(n) for n in range(1, number + 1)],
        questions=list(QUESTIONS) if "QUESTIONS" in asked else [],
    )
    if made.questions:
        made.steps.append(step("RESEARCH_CLARIFYING_QUESTIONS", questions=made.questions))
    elif "EMPTY" not in asked:
        made.answer = _answer(ORDER.sub("", query).strip(), asked, turn, attached)
    return made


def _answer(said: str, asked: dict[str, str], turn: int, attached: int) -> str:
    parts = [f"Answer {turn} to “{said if len(said) <= QUOTED else said[:QUOTED] + '…'}”."]
    parts += [f"Fact {n} is known [{n}]." for n in range(1, int(asked.get("SOURCES", 0)) + 1)]
    if attached:
        parts.append(f"There were {attached} files.")
    if "WORDS" in asked:
        parts.append(" ".join(islice(cycle(VOCABULARY), int(asked["WORDS"]))))
    return " ".join(parts)


def step(kind: str, **content: Any) -> dict[str, Any]:
    """A step of a plan."""
    return {"step_type": kind, "uuid": f"step-{kind.lower()}", f"{kind.lower()}_content": content}


def steps() -> list[dict[str, Any]]:
    """One of each of the usual types, and one that nobody knows yet."""
    return [
        step("INITIAL_QUERY", query="as it was asked"),
        step("ATTACHMENT", name="plan.pdf"),
        step("SEARCH_WEB", queries=[{"query": "river bells", "engine": "web"}, {"query": "old café", "engine": "web"}]),
        step("READ_RESULTS", urls=["https://pages.example/1"]),
        step("GET_URL_CONTENT", url="https://pages.example/2"),
        step("MCP_TOOL_INPUT", app="notes", tool_name="look_up", tool_args={"city": "Zürich"}),
        step("MCP_TOOL_OUTPUT", status="ok", content="sunny all day"),
        step("BROWSER_SEARCH", query="songs"),
        step("URL_NAVIGATE", url="https://pages.example/3"),
        step("CODE", language="python"),
        step("GENERATE_IMAGE", prompt="a river"),
        step("CREATE_CHART"),
        step("JUGGLE_ORANGES", summary="three at a time"),
        step("FINAL", answer="not to be shown"),
    ]
