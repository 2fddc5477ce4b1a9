"""How deeply JSON is nested: what can be read and what can be written are not the same.

orjson reads 1024 levels and writes 254. A provider's document of more than `DEEPEST` levels is refused where it is
read: nobody means it, and a writer would fail on it in the middle of an answer.
"""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 200
"""Levels. The difference from orjson's bound is for what writers put around a document."""

STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKETS = re.compile(rb"[\[\]{}]")


def too_deep(data: bytes) -> bool:
    """True for JSON of more than `DEEPEST` levels. Costs nothing but for data that has as many brackets."""
    if len(data) <= DEEPEST or data.count(b"{") + data.count(b"[") <= DEEPEST:
        return False
    depth = 0
    for bracket in BRACKETS.finditer(STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def is_deep(document: Any) -> bool:
    """The same of a value: where writing it has failed, this tells why."""
    level = [document]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _within(one)]
    return any(isinstance(one, dict | list) for one in level)


def _within(container: dict[str, Any] | list[Any]) -> Any:
    return container.values() if isinstance(container, dict) else container
