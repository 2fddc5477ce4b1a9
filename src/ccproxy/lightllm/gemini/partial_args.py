"""A call whose arguments come in pieces (Vertex AI, `streamFunctionCallArguments`): values by JSON path."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from ccproxy.lightllm.gemini.names import members

STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[['\"](.*?)['\"]\]")
"""A step of a path such as `$.a.b[0]['c.d']` (RFC 9535, the part of it that names one value)."""
VALUES = ("stringValue", "numberValue", "boolValue")


class PartialCall:
    """A call that grows."""

    def __init__(self, call: dict[str, Any]) -> None:
        self.id = call.get("id")
        self.name = call.get("name")
        args = call.get("args")
        self.args: dict[str, Any] = dict(args) if isinstance(args, dict) else {}

    def add(self, call: dict[str, Any]) -> bool:
        """Takes the pieces of a part. True if they are the last."""
        for piece in members(call, "partialArgs"):
            steps = [
                int(nth) if nth else name or quoted for name, nth, quoted in STEP.findall(str(piece.get("jsonPath")))
            ]
            value = next((piece[name] for name in VALUES if name in piece), None)
            if steps:
                self._put(steps, value)
        return not call.get("willContinue")

    def _put(self, steps: list[str | int], value: Any) -> None:
        place: Any = self.args
        for step, following in pairwise(steps):
            place = _inside(place, step, [] if isinstance(following, int) else {})
        more = isinstance(value, str)
        known = _inside(place, steps[-1], "" if more else value)
        if more and isinstance(known, str):
            place[steps[-1]] = known + value


def _inside(place: Any, step: str | int, new: Any) -> Any:
    """What is at a step of a list or an object; `new`, put there, if nothing is."""
    if isinstance(place, list) and isinstance(step, int):
        if step >= len(place):
            place.append(new)
        return place[min(step, len(place) - 1)]
    return place.setdefault(step, new)
