"""What a recorded exchange says about itself: the tokens it used and the model it asked for.

Read from the wire, buffered, streamed or spoken over a WebSocket, whatever the content coding. Nothing here raises: a
body that is not what it should be says nothing.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any, NamedTuple
from urllib.parse import unquote

from ccproxy.exchange import Exchange, HttpRequest
from ccproxy.flows.events import undone, value_of, values_in
from ccproxy.flows.usage.answering import MODELS
from ccproxy.flows.usage.extras import extras, with_tier
from ccproxy.flows.usage.spoken import heard, model_spoken, usages_spoken

REQUIRED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
"""What JSON always has of a usage; the rest only where the provider told it."""


@dataclass(slots=True, frozen=True)
class Usage:
    """Tokens of one answer, counted as Anthropic does: the four numbers do not overlap, their sum is the total."""

    input_tokens: int
    output_tokens: int
    """Includes thinking."""
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0
    """Those of the former that were written for an hour, which costs more than the usual five minutes."""
    web_search_requests: int = 0
    """Searches that the provider made and charges for, where it counts them (Anthropic)."""
    input_audio_tokens: int = 0
    """Those of the input that are sound."""
    output_audio_tokens: int = 0
    tier: str = ""
    """How it was served, where that changes the price: `fast`, `priority`, `flex`, `batch`."""

    def plus(self, other: Usage) -> Usage:
        """The tokens of both, and the later one's tier."""
        mine, theirs = asdict(self), asdict(other)
        tier = theirs.pop("tier") or mine.pop("tier")
        return Usage(**{name: mine[name] + count for name, count in theirs.items()}, tier=tier)


class _Shape(NamedTuple):
    """Where a provider's usage object keeps its numbers. Dots go into sub-objects."""

    marks: tuple[str, ...]
    """The shape is this one if the object has any of these."""
    input: tuple[str, ...]
    """Summed."""
    output: tuple[str, ...]
    """Summed."""
    read: tuple[str, ...] = ()
    """The first that is there counts."""
    write: tuple[str, ...] = ()
    """The first that is there counts."""
    inclusive: bool = True
    """The input numbers count cached tokens too."""


_SHAPES = (
    _Shape(  # https://ai.google.dev/api/generate-content#UsageMetadata
        ("promptTokenCount", "totalTokenCount"),
        ("promptTokenCount", "toolUsePromptTokenCount"),
        ("candidatesTokenCount", "thoughtsTokenCount"),
        ("cachedContentTokenCount",),
    ),
    _Shape(  # https://platform.openai.com/docs/api-reference/chat/object; num_cached_tokens is Mistral's
        ("prompt_tokens",),
        ("prompt_tokens",),
        ("completion_tokens",),
        ("prompt_tokens_details.cached_tokens", "num_cached_tokens"),
        ("prompt_tokens_details.cache_write_tokens",),
    ),
    _Shape(  # https://platform.openai.com/docs/api-reference/responses/object
        ("input_tokens_details", "total_tokens"),
        ("input_tokens",),
        ("output_tokens",),
        ("input_tokens_details.cached_tokens",),
        ("input_tokens_details.cache_write_tokens",),
    ),
    _Shape(  # https://docs.anthropic.com/en/api/messages
        ("input_tokens", "output_tokens"),
        ("input_tokens",),
        ("output_tokens",),
        ("cache_read_input_tokens",),
        ("cache_creation_input_tokens",),
        inclusive=False,
    ),
)

_PLACES = (("usage",), ("usageMetadata",), ("message", "usage"), ("response", "usage"), ("response", "usageMetadata"))
"""Where a body or an event has its usage: at its top, in Anthropic's `message_start`, in a Responses event, in a Code
Assist envelope."""

_FIRST_KEY_IS_MODEL = re.compile(rb'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_MODEL_IN_PATH = re.compile(r"/(?:models|tunedModels)/(.+?)(?::[a-zA-Z]\w*)?$")


def usage_of(ex: Exchange) -> Usage | None:
    """The tokens that the provider says the exchange took; None if it does not say.

    In a stream a later number replaces an earlier one of the same name, as all four formats mean it; over a WebSocket
    the answers add up.
    """
    if ex.websocket is not None:
        spoken = [usage for each in usages_spoken(heard(ex)) if (usage := _usage(each))]
        return reduce(Usage.plus, spoken) if spoken else None
    response = ex.provider_response
    if response is None:
        return None
    merged: dict[str, Any] = {}
    for event in values_in(undone(response.body, response.headers), b'"usage'):
        for place in _PLACES:
            found = _at(event, place)
            if isinstance(found, dict):
                told = with_tier(found, _at(event, place[:-1]))
                merged.update({key: value for key, value in told.items() if value is not None})
    return _usage(merged)


def usage_dict(ex: Exchange) -> dict[str, int | str] | None:
    """`usage_of` as JSON has it."""
    usage = usage_of(ex)
    return {name: value for name, value in asdict(usage).items() if value or name in REQUIRED} if usage else None


def model_of(ex: Exchange) -> str | None:
    """The model that the client asked for."""
    return model_in(ex.request) or (model_spoken(heard(ex)) if ex.websocket else None)


def model_in(request: HttpRequest | None) -> str | None:
    """The model that a request names, in its body (`model`; where Code Assist counts tokens, `request.model`) or its
    path (`/models/{model}:generateContent`)."""
    if request is None:
        return None
    body = undone(request.body, request.headers)
    if first := _FIRST_KEY_IS_MODEL.match(body):
        body = b'{"model":' + first[1] + b"}"  # spares parsing a whole conversation
    document = value_of(body)
    if isinstance(model := _at(document, ("model",)), str):
        return model
    if isinstance(model := _at(document, ("request", "model")), str):
        return model.removeprefix(MODELS)
    in_path = _MODEL_IN_PATH.search(request.path)
    return unquote(in_path[1]) if in_path else None


def wants_stream(request: HttpRequest) -> bool:
    """Whether a request asks for a streamed answer, by its body (`stream`) or its path (Gemini's method)."""
    if request.path.endswith(":streamGenerateContent"):
        return True
    return _at(value_of(undone(request.body, request.headers)), ("stream",)) is True


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _count(usage: dict[str, Any], name: str) -> int | None:
    value = _at(usage, tuple(name.split(".")))
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := _count(usage, name)) is not None), 0)


def _usage(raw: dict[str, Any]) -> Usage | None:
    shape = next((shape for shape in _SHAPES if any(mark in raw for mark in shape.marks)), None)
    if shape is None:
        return None
    read, write = _first(raw, shape.read), _first(raw, shape.write)
    taken = sum(_count(raw, name) or 0 for name in shape.input)
    if shape.inclusive:
        taken = max(0, taken - read - write)
    return Usage(taken, sum(_count(raw, name) or 0 for name in shape.output), read, write, **extras(raw))
