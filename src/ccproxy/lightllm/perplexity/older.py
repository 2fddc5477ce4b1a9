"""Events of the form that the web application had before it had blocks: `text` is a list of steps, as JSON in JSON.

Its last events have that still, and sometimes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.lightllm.depth import too_deep
from ccproxy.lightllm.perplexity.lenient import loads
from ccproxy.lightllm.perplexity.steps import content_of, kind_of


def steps(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps that an event's `text` lists."""
    found = _parsed(event.get("text"), "[")
    return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []


def answer(event: Mapping[str, Any]) -> str:
    """The text of the step FINAL, or of the block `ask_text`; empty without either."""
    texts = [content_of(step).get("answer") for step in steps(event) if kind_of(step) == "FINAL"]
    inner = _parsed(texts[-1], "{") if texts else None
    found = [inner.get("answer")] if isinstance(inner, dict) else texts[-1:]
    blocks = event.get("blocks")
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict) and block.get("intended_usage") == "ask_text":
            found += [part.get("answer") for part in block.values() if isinstance(part, dict)]
    return next((text for text in found if isinstance(text, str) and text), "")


def _parsed(text: Any, begin: str) -> Any:
    if not isinstance(text, str) or not text.startswith(begin):
        return None
    data = text.encode("utf-8", "replace")
    try:
        return None if too_deep(data) else loads(data)
    except orjson.JSONDecodeError:
        return None
