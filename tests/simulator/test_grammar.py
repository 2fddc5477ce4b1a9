"""The streams have the grammar of recorded ones: the same events in the same order, with the same fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.asking import events, post

DATA = Path(__file__).parent / "data"
MARKERS = {
    "anthropic_text": "",
    "anthropic_thinking": "",
    "openai_chat_text": "",
    "openai_chat_tools": 'SIM_TOOL get_country {"a": 1}\nSIM_TOOL get_product_name {"b": 2}',
    "openai_responses_text": "",
    "openai_responses_tool": "SIM_TOOL get_capital",
    "gemini_text": "",
    "gemini_tool": "SIM_TOOL get_capital",
}
"""The recorded case, and what has to be added to its prompt to get the same kind of answer."""
PADDING = {"obfuscation"}
"""Random bytes against traffic analysis: not reproducible by design."""
OF_THE_MODEL = {"generate_summary", "thoughtsTokenCount", "serviceTier", "candidatesTokensDetails"}
"""Fields that some models of a vendor have and others have not."""


def add(request: Any, text: str) -> Any:
    """The request with `text` at the end of its last user turn."""
    if "contents" in request:
        request["contents"][-1]["parts"].append({"text": text})
        return request
    turns = request.get("messages") or request["input"]
    last = turns[-1]["content"]
    turns[-1]["content"] = f"{last} {text}" if isinstance(last, str) else [*last, {"type": "text", "text": text}]
    return request


def shapes(kind: str, body: bytes) -> list[str]:
    """One word an event, what repeats collapsed."""
    words = [word(kind, event) for event in events(body)]
    return [key for key, _ in groupby(word for word in words if word)]


def word(kind: str, event: Any) -> str:
    """What an event is."""
    if event == "[DONE]":
        return "done"
    if kind.startswith("openai_chat"):
        return chat_word(event)
    if kind.startswith("gemini"):
        parts = event["candidates"][0]["content"]["parts"]
        return " ".join(key for part in parts if part.get("text") != "" for key in part)
    inner = event.get("content_block") or event.get("delta") or event.get("item") or {}
    return f"{event['type']} {inner.get('type', '')}" if isinstance(inner, dict) else event["type"]


def chat_word(event: Any) -> str:
    if not event["choices"]:
        return "usage"
    choice = event["choices"][0]
    if choice["finish_reason"]:
        return f"finish {choice['finish_reason']}"
    delta = choice["delta"]
    if delta.get("tool_calls"):
        return "open" if "id" in delta["tool_calls"][0] else "arguments"
    return "role" if "role" in delta else "text"


@pytest.fixture(params=MARKERS)
def pair(request: pytest.FixtureRequest) -> tuple[str, bytes, bytes]:
    """The kind of a case, the recorded stream and ours."""
    case = json.loads((DATA / f"{request.param}.json").read_text())
    body = add(case["request"], MARKERS[request.param]) if MARKERS[request.param] else case["request"]
    path = case["path"] + ("?alt=sse" if request.param.startswith("gemini") else "")
    return request.param, case["response"].encode(), post(path, body).body


def test_the_order_of_events(pair: tuple[str, bytes, bytes]) -> None:
    kind, recorded, ours = pair
    assert shapes(kind, ours) == shapes(kind, recorded)


def test_the_fields_of_events(pair: tuple[str, bytes, bytes]) -> None:
    """Every field of a recorded event is in ours too."""
    kind, recorded, ours = pair
    have = set(fields(kind, ours))
    missing = [field for field in fields(kind, recorded) if field not in have]
    assert not missing


def fields(kind: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Event word and path of every field outside of what the user or the model made up."""
    for event in events(body):
        if event != "[DONE]":
            for path in paths(event):
                yield "" if kind.startswith("gemini") else word(kind, event), path


def paths(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, dict) and not at.endswith(("tools[]", "input", ".args", "promptTokensDetails[]")):
        for key, inner in value.items():
            if key not in PADDING | OF_THE_MODEL:
                yield f"{at}.{key}"
                yield from paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")
