"""What the messages of a WebSocket say about themselves, where they are those of the Responses API.

A connection carries several answers, one after the other: their tokens add up. The model is the last that was asked
for, or that answered. Nothing here raises: messages that are something else say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from ccproxy.exchange import Exchange, Message, get_header
from ccproxy.flows.usage.extras import with_tier

ASKING = "response.create"
ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""Events with the usage of a whole answer."""


def heard(ex: Exchange) -> list[Message]:
    """The messages of an exchange. Where frames were relayed it is those of the provider, once the connection is over:
    they say all that is looked for here, and need not be unmasked."""
    record = ex.websocket
    if record is None:
        return []
    if record.messages or not ex.done:
        return list(record.messages)
    from ccproxy.flows import frames  # what it needs of others is not loaded where nothing was relayed

    extensions = get_header(ex.response.headers, b"sec-websocket-extensions") if ex.response is not None else None
    found = frames.messages(record.from_server, from_client=False, extensions=extensions)
    return [Message(False, each.content, 0.0, each.is_text) for each in found if each.close_code is None]


def usages_spoken(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The usage object of each answer, in their order."""
    ends = [_parsed(each) for each in messages if not each.from_client and b'"usage"' in each.content]
    answers = [end.get("response") for end in ends if end.get("type") in ENDS]
    told = [answer for answer in answers if isinstance(answer, dict) and isinstance(answer.get("usage"), dict)]
    return [with_tier(answer["usage"], answer) for answer in told]


def model_spoken(messages: Iterable[Message]) -> str | None:
    """The model that the client asked for, else the one that answered; None if none is named."""
    messages = list(messages)
    asked = [_parsed(each) for each in messages if each.from_client and ASKING.encode() in each.content]
    models = [each.get("model") for each in asked if each.get("type") == ASKING] or list(_answering(messages))
    return next((model for model in reversed(models) if isinstance(model, str)), None)


def _answering(messages: Iterable[Message]) -> Iterator[Any]:
    """The models of the answers."""
    for each in messages:
        if not each.from_client and b'"usage"' in each.content:
            response = _parsed(each).get("response")
            yield response.get("model") if isinstance(response, dict) else None


def _parsed(message: Message) -> dict[str, Any]:
    try:
        value = orjson.loads(message.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else {}
