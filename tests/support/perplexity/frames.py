"""The events in which an answer is told: four ways of patching its text, which may be mixed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.perplexity.story import Source, Story

ANSWER = "ask_text_0_markdown"
PIECE = 12
"""Characters that an event tells more than the one before."""


def event(data: Mapping[str, Any], name: str = "message") -> bytes:
    """An event as it is written."""
    return f"event: {name}\r\ndata: {json.dumps(data, ensure_ascii=False)}\r\n\r\n".encode()


def block(usage: str, **content: Any) -> dict[str, Any]:
    """A block."""
    return {"intended_usage": usage, **content}


def patched(path: str, value: Any, op: str = "replace", field: str = "markdown_block") -> dict[str, Any]:
    """A patch of the answer."""
    return block(ANSWER, diff_block={"field": field, "patches": [{"op": op, "path": path, "value": value}]})


def listed(source: Source) -> dict[str, Any]:
    """A source as the web application lists it."""
    return {"name": source.name, "url": source.url, "snippet": source.snippet, "is_attachment": False}


def pieces(text: str) -> list[str]:
    """A text in pieces."""
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def told(story: Story, mode: str) -> Iterator[list[dict[str, Any]]]:
    """The blocks of each event, but for the last."""
    yield from planned(story)
    if story.sources:
        results = {"progress": "DONE", "web_results": [listed(each) for each in story.sources]}
        yield [block("web_results", web_result_block=results)]
    before, parts = "", pieces(story.answer)
    for number, piece in enumerate(parts):
        way = mode if mode != "MIX" else ("BC" if number < len(parts) / 2 else "AD")[number % 2]
        yield [TELL[way](before, piece, number), block("ask_text", markdown_block={"answer": before + piece})]
        before += piece


def planned(story: Story) -> Iterator[list[dict[str, Any]]]:
    """The goals, each told word by word, and the steps, each in an event that has all before it, too."""
    said: list[dict[str, Any]] = []
    for number, goal in enumerate(story.goals):
        for end in (len(goal) // 2, len(goal)):
            goals = [*said, {"id": str(number), "description": goal[:end], "final": end == len(goal)}]
            yield [block("plan", plan_block={"progress": "IN_PROGRESS", "goals": goals, "steps": []})]
        said.append({"id": str(number), "description": goal, "final": True})
    for number in range(1, len(story.steps) + 1):
        plan = {"progress": "IN_PROGRESS", "goals": said, "steps": story.steps[:number]}
        yield [block("pro_search_steps", plan_block=plan)]


def _answer(before: str, piece: str, number: int) -> dict[str, Any]:
    return patched("", {"progress": "IN_PROGRESS", "answer": before + piece})


def _chunks(before: str, piece: str, number: int) -> dict[str, Any]:
    value = {"chunks": [piece], "chunk_starting_offset": number}
    return patched("", value, "add")


def _chunk(before: str, piece: str, number: int) -> dict[str, Any]:
    return patched(f"/chunks/{number}", piece, "add")


def _whole(before: str, piece: str, number: int) -> dict[str, Any]:
    if number % 2:
        return patched("/markdown_block/answer", before + piece)
    return patched("/markdown_block", {"answer": before + piece})


TELL = {"A": _answer, "B": _chunks, "C": _chunk, "D": _whole}
