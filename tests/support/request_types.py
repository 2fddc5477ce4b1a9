"""What is wrong with a request to a provider: by the types of its vendor's SDK, and by its calls and results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from anthropic.types import message_create_params as anthropic_params
from google.genai import types as google_types
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as responses_params
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

PARAMS: dict[str, Any] = {
    "anthropic": anthropic_params.MessageCreateParamsStreaming,
    "openai": chat_params.CompletionCreateParamsStreaming,
    "openai_responses": responses_params.ResponseCreateParamsStreaming,
}
BESIDE: dict[str, set[str]] = {"anthropic": {"temperature", "top_p", "top_k"}}
"""Members that the API takes and the SDK's types no longer name."""

GENERATED = frozenset({"id", "status"})
"""Members of the model's own items that only a stored item must have, though the types demand them."""


class GeminiRequest(BaseModel):
    """https://ai.google.dev/api/generate-content, of which the SDK has all parts and not the whole."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)
    contents: list[google_types.Content]
    system_instruction: google_types.Content | None = None
    tools: list[google_types.Tool] | None = None
    tool_config: google_types.ToolConfig | None = None
    generation_config: google_types.GenerationConfig | None = None
    safety_settings: list[google_types.SafetySetting] | None = None


def faults(format: str, document: Any) -> list[str]:
    """What is wrong with the body of a request for a stream. `format` is the name of a wire format."""
    if not isinstance(document, dict):
        return ["not an object"]
    found = _of_type(format, document)
    return found or [*_unpaired(format, document)]


def _of_type(format: str, document: dict[str, Any]) -> list[str]:
    try:
        if format == "gemini":
            GeminiRequest.model_validate(document)
            return []
        unknown = document.keys() - get_type_hints(PARAMS[format]).keys() - BESIDE.get(format, set())
        _walk(_adapter(format).validate_python(_as_input(document) if format == "openai_responses" else document))
    except ValidationError as error:
        return [f"{each['loc']}: {each['msg']}" for each in error.errors()][:9]
    return [f"unknown member {name!r}" for name in sorted(unknown)]


@cache
def _adapter(format: str) -> TypeAdapter[Any]:
    return TypeAdapter(PARAMS[format])


def _walk(value: Any) -> None:
    """Iterables are validated as they are read."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for each in value:
            _walk(each)


def _as_input(document: dict[str, Any]) -> dict[str, Any]:
    """A request whose reasoning and messages of the model have the members that only stored items need."""
    items = document.get("input")
    if not isinstance(items, list):
        return document
    stored = {"reasoning": {"id": "rs_1"}, "assistant": {"id": "msg_1", "status": "completed"}}
    return document | {"input": [stored.get(item.get("role") or item["type"], {}) | item for item in items]}


def _unpaired(format: str, document: dict[str, Any]) -> Iterator[str]:
    """Calls that the next turn does not answer, in whatever order, and answers to nothing."""
    asked: set[str] = set()
    for calls, results in TURNS[format](document):
        if set(results) - asked or len(set(results)) < len(results):
            yield f"results {results} after calls {sorted(asked)}"
        asked -= set(results)
        if asked and not (format == "openai" and results):  # Chat has a message for each
            yield f"no results of {sorted(asked)} in the turn after them"
        asked |= set(calls)
    if asked:
        yield f"no results of {sorted(asked)}"


def paired(format: str, document: dict[str, Any]) -> list[str]:
    """The ids of all results in a conversation."""
    return [id for _, results in TURNS[format](document) for id in results]


type Turn = tuple[list[str], list[str]]
"""The ids of calls and of results."""


def _anthropic(document: dict[str, Any]) -> Iterator[Turn]:
    for message in document["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        yield calls, [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]


def _chat(document: dict[str, Any]) -> Iterator[Turn]:
    for message in document["messages"]:
        results = [message["tool_call_id"]] if message["role"] == "tool" else []
        yield [call["id"] for call in message.get("tool_calls") or ()], results


def _responses(document: dict[str, Any]) -> Iterator[Turn]:
    items = document["input"] if isinstance(document["input"], list) else []
    kinds = [(item.get("type", "message"), item) for item in items]
    calls = [item["call_id"] for kind, item in kinds if kind.endswith("_call")]
    yield calls, []
    yield [], [item["call_id"] for kind, item in kinds if kind.endswith("_call_output")]


def _gemini(document: dict[str, Any]) -> Iterator[Turn]:
    for content in document["contents"]:
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        results = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        yield [call.get("id") or call["name"] for call in calls], [each.get("id") or each["name"] for each in results]


TURNS = {"anthropic": _anthropic, "openai": _chat, "openai_responses": _responses, "gemini": _gemini}
