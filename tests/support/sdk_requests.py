"""Whether the official SDK of a format has types for a request, and whether its calls have their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ccproxy.exchange import WireFormat


@cache
def _adapter(format: WireFormat) -> TypeAdapter[Any]:
    match format:
        case WireFormat.ANTHROPIC:
            from anthropic.types import message_create_params

            return TypeAdapter(message_create_params.MessageCreateParamsNonStreaming)
        case WireFormat.OPENAI:
            from openai.types.chat import completion_create_params

            return TypeAdapter(completion_create_params.CompletionCreateParamsNonStreaming)
        case WireFormat.OPENAI_RESPONSES:
            from openai.types.responses import response_create_params

            return TypeAdapter(response_create_params.ResponseCreateParamsNonStreaming)
        case _:
            return TypeAdapter(_gemini())


def _gemini() -> type[BaseModel]:
    from google.genai import types

    class Request(BaseModel):
        model_config = ConfigDict(extra="forbid")
        contents: list[types.Content]
        systemInstruction: types.Content | None = None  # noqa: N815
        tools: list[types.Tool] | None = None
        toolConfig: types.ToolConfig | None = None  # noqa: N815
        generationConfig: types.GenerationConfig | None = None  # noqa: N815

    return Request


def request_faults(format: WireFormat, document: dict[str, Any]) -> list[str]:
    """What is wrong with a request for a provider of this format."""
    try:
        _walk(_adapter(format).validate_python(_named(document) if "input" in document else document))
    except ValidationError as error:
        errors = sorted(error.errors(include_url=False, include_input=False), key=lambda one: -len(one["loc"]))
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}"[:200] for one in errors][:5]
    called, answered = [id for id, _ in calls(format, document)], [id for id, _ in results(format, document)]
    faults = [] if len(set(called)) == len(called) else [f"two calls have one id: {called}"]
    return faults if sorted(called) == sorted(answered) else [*faults, f"calls {called}, results {answered}"]


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """A request whose answers have ids: the API does without, the SDK's types do not."""
    items = [
        {"id": "msg_1", "status": "completed", **item} if item.get("role") == "assistant" else item
        for item in document["input"]
    ]
    return {**document, "input": items}


def _walk(value: Any) -> None:
    """pydantic looks into an Iterable when it is walked, not before."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for each in value:
            _walk(each)


def _blocks(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for message in document["messages"]:
        yield from message["content"] if isinstance(message["content"], list) else ()


def _parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for content in document["contents"]:
        yield from content["parts"]


def calls(format: WireFormat, document: dict[str, Any]) -> list[tuple[str, str]]:
    """Ids and names of the calls in a request."""
    match format:
        case WireFormat.ANTHROPIC:
            return [(block["id"], block["name"]) for block in _blocks(document) if block["type"] == "tool_use"]
        case WireFormat.OPENAI:
            made = [call for message in document["messages"] for call in message.get("tool_calls") or ()]
            return [(call["id"], call["function"]["name"]) for call in made]
        case WireFormat.OPENAI_RESPONSES:
            items = [item for item in document["input"] if item.get("type") == "function_call"]
            return [(item["call_id"], item["name"]) for item in items]
        case _:
            made = [part["functionCall"] for part in _parts(document) if "functionCall" in part]
            return [(call["id"], call["name"]) for call in made]


def results(format: WireFormat, document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Ids and contents of the results in a request."""
    match format:
        case WireFormat.ANTHROPIC:
            found = [block for block in _blocks(document) if block["type"] == "tool_result"]
            return [(block["tool_use_id"], block["content"]) for block in found]
        case WireFormat.OPENAI:
            told = [message for message in document["messages"] if message["role"] == "tool"]
            return [(message["tool_call_id"], message["content"]) for message in told]
        case WireFormat.OPENAI_RESPONSES:
            items = [item for item in document["input"] if item.get("type") == "function_call_output"]
            return [(item["call_id"], item["output"]) for item in items]
        case _:
            found = [part["functionResponse"] for part in _parts(document) if "functionResponse" in part]
            return [(each["id"], each["response"]) for each in found]
