"""What the messages of a WebSocket say about themselves, where they are those of the Responses API.

A connection carries several answers, one after the other: their tokens add up. The model is the last that was asked
for. Nothing here raises: messages that are something else say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ccproxy.exchange import Message
from ccproxy.flows.usage.extras import with_tier

ASKING = "response.create"
ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""Events with the usage of a whole answer."""


def usages_spoken(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The usage object of each answer, in their order."""
    ends = [_parsed(each) for each in messages if not each.from_client and b'"usage"' in each.content]
    answers = [end.get("response") for end in ends if end.get("type") in ENDS]
    told = [answer for answer in answers if isinstance(answer, dict) and isinstance(answer.get("usage"), dict)]
    return [with_tier(answer["usage"], answer) for answer in told]


def model_spoken(messages: Iterable[Message]) -> str | None:
    """The model that the client asked for; None if it named none."""
    asked = [_parsed(each) for each in messages if each.from_client and ASKING.encode() in each.content]
    models = [each.get("model") for each in asked if each.get("type") == ASKING]
    return next((model for model in reversed(models) if isinstance(model, str)), None)


def _parsed(message: Message) -> dict[str, Any]:
    try:
        value = orjson.loads(message.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else {}
