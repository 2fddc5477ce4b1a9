"""A WebSocket of the Responses API as the one request that it amounts to, for the place of its conversation.

A client sends only what is new (`previous_response_id`), so what the model said in between is put in from its answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from ccproxy.exchange import Exchange, Message
from ccproxy.flows.spoken_frames import spoken
from ccproxy.flows.usage.spoken import ASKING, ENDS

MARKS = tuple(f'"{type}"'.encode() for type in (ASKING, *sorted(ENDS)))

type Object = dict[str, Any]


def request_spoken(ex: Exchange) -> bytes:
    """The body of a request with all that was said before the last answer; empty if nothing was asked."""
    said = list(told(spoken(ex)))
    asked = [event for event in said if event["type"] == ASKING]
    answers = answers_in(said)
    items: list[Any] = []
    for place, event in enumerate(asked):
        items += listed(event.get("input"))
        items += listed(answers[place].get("output")) if place < min(len(answers), len(asked) - 1) else []
    return orjson.dumps({**asked[0], "input": items}) if asked else b""


def answers_spoken(ex: Exchange) -> list[Object]:
    """The responses, each with its whole output."""
    return answers_in(list(told(spoken(ex))))


def answers_in(said: Sequence[Object]) -> list[Object]:
    """The responses in what was said."""
    return [event["response"] for event in said if event["type"] in ENDS and isinstance(event.get("response"), dict)]


def told(messages: Iterator[Message]) -> Iterator[Object]:
    """The messages that ask, and those that end an answer."""
    for message in messages:
        event = read(message.content) if any(mark in message.content for mark in MARKS) else {}
        if isinstance(event.get("type"), str) and (event["type"] == ASKING) == message.from_client:
            yield event


def read(data: bytes) -> Object:
    """The object; an empty one if it is none."""
    try:
        value = orjson.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """Items; a text is what a user says."""
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
