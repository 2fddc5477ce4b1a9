"""Entries of a thread: where they have their answers and the sources of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ccproxy.lightllm.perplexity import older
from ccproxy.lightllm.perplexity.steps import content_of, kind_of

ANSWER, SOURCES = "ask_text_0_markdown", "web_results"
"""The blocks of the answer, unless an entry says otherwise, and of its sources."""


@dataclass(frozen=True, slots=True)
class Source:
    """A page that an answer was found on; what is not told is empty."""

    url: str
    title: str
    snippet: str


def normal(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with its answer and its sources in the blocks where streams have them."""
    own = next((name for name in listed(entry, "structured_answer_block_usages") if isinstance(name, str)), ANSWER)
    blocks = [block for block in listed(entry, "blocks") if isinstance(block, dict)]
    if own != ANSWER and any(block.get("intended_usage") == own for block in blocks):
        kept = [block for block in blocks if block.get("intended_usage") != ANSWER]
        blocks = [{**each, "intended_usage": ANSWER} if each.get("intended_usage") == own else each for each in kept]
    if not any(block.get("intended_usage") == SOURCES for block in blocks):
        blocks += of_last_step(entry)
    return {**entry, "blocks": blocks}


def of_last_step(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sources of an entry from before there were blocks: in the step FINAL, whose answer is JSON in JSON."""
    told = next((content_of(step).get("answer") for step in older.steps(entry) if kind_of(step) == "FINAL"), None)
    try:
        inner = orjson.loads(told) if isinstance(told, str) else None
    except orjson.JSONDecodeError:
        return []
    found = listed(inner, "web_results") if isinstance(inner, dict) else []
    return [{"intended_usage": SOURCES, "web_result_block": {"web_results": found}}] if found else []


def sources(entry: Mapping[str, Any]) -> list[Source]:
    """What `[1]`, `[2]` … in an entry's answer stand for."""
    found: list[Source] = []
    for block in listed(entry, "blocks"):
        results = block.get("web_result_block") if block.get("intended_usage") == SOURCES else None
        told = [source(each) for each in listed(results, "web_results")] if isinstance(results, dict) else []
        known = {each.url for each in found}
        found += [each for each in told if each.url not in known]  # another list follows those before it
    return found


def source(result: Any) -> Source:
    """A page as the site tells it."""
    result = result if isinstance(result, dict) else {}
    return Source(first(result, "url"), first(result, "name", "title"), first(result, "snippet"))


def listed(document: Mapping[str, Any], name: str) -> list[Any]:
    """A member that is a list, else an empty one."""
    value = document.get(name)
    return value if isinstance(value, list) else []


def first(document: Mapping[str, Any], *names: str) -> str:
    """The first of the members that is a text and not empty."""
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")
