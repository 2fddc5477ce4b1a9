"""The events in which the stand-in tells an answer: `encodings` has the ways, and chance the choice among them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.support.perplexity import encodings
from tests.support.perplexity.encodings import Document
from tests.support.perplexity.story import Source, Story

PIECE = 12
"""Characters of a chunk."""


def documents(ids: Document, story: Story, modes: str, seed: str) -> Iterator[Document]:
    """All events of a stream. One of the last says that it is final, and is not.

    Args:
        ids: what comes with the events, some of it late.
        story: what is answered.
        modes: letters of `encodings.MODES`; empty for all of them.
        seed: what chance depends on.
    """
    state = encodings.State(pieces(story.answer), goals(story), tuple(map(listed, story.sources)), ids)
    yield {"backend_uuid": ids["backend_uuid"], "status": "PENDING", "final_sse_message": False, "blocks": []}
    *told, last = encodings.events(state, Random(seed), tuple(modes) or encodings.MODES)
    yield from told
    last["blocks"] = blocks(story)
    yield last | {"status": "PENDING", "final_sse_message": False}
    yield last


def pieces(text: str) -> tuple[str, ...]:
    """A text in chunks."""
    return tuple(text[at : at + PIECE] for at in range(0, len(text), PIECE))


def goals(story: Story) -> tuple[encodings.Goal, ...]:
    """The goals, the last with all steps; with a goal more where there are steps and no goal."""
    texts = story.goals or (["Find it out."] if story.steps else [])
    return tuple(encodings.Goal(text, tuple(story.steps) if text == texts[-1] else ()) for text in texts)


def listed(source: Source) -> Document:
    """A source as the web application lists it."""
    return {"name": source.name, "url": source.url, "snippet": source.snippet, "is_attachment": False}


def blocks(story: Story) -> list[dict[str, Any]]:
    """An answer as the last event and the thread have it."""
    shown: list[dict[str, Any]] = []
    if story.steps or story.goals:
        told = [{"id": str(n), "description": goal.text, "final": True} for n, goal in enumerate(goals(story))]
        plan = {"progress": "DONE", "goals": told, "steps": story.steps}
        shown.append({"intended_usage": "pro_search_steps", "plan_block": plan})
    if story.sources:
        results = {"progress": "DONE", "web_results": [listed(each) for each in story.sources]}
        shown.append({"intended_usage": "web_results", "web_result_block": results})
    if story.answer:
        mirror = {"progress": "DONE", "answer": story.answer, "chunks": list(pieces(story.answer))}
        shown += [{"intended_usage": usage, "markdown_block": mirror} for usage in ("ask_text", encodings.MARKDOWN)]
    return shown
