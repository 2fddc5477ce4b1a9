"""Requests of OpenAI Responses: https://platform.openai.com/docs/api-reference/responses/create."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.dump_messages import ItemWriter
from ccproxy.lightllm.openai_responses.dump_tools import dump_tools
from ccproxy.lightllm.openai_responses.load_messages import ItemReader
from ccproxy.lightllm.openai_responses.load_tools import load_carried_tools, load_tools
from ccproxy.lightllm.openai_responses.reasoning import dump_reasoning, load_reasoning
from ccproxy.lightllm.openai_responses.settings import dump_settings, load_settings
from ccproxy.lightllm.openai_responses.tool_choice import dump_choice, load_choice

OWN = WireFormat.OPENAI_RESPONSES
JOINT = "\n\n"
"""Between system prompts that become one text."""
JSON_WORD = "Answer in JSON."
"""The API refuses the JSON mode unless an item of `input`, not the instructions, has the word."""

ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Members that name what a request without input is about."""


def load(document: Any, model: str | None = None, stream: bool | None = None) -> ModelCall:
    """Reads a request body; model and stream from elsewhere win. Raises InvalidCall.

    A `previous_response_id` or a conversation is kept among the extras, an item that is only named as it is: who
    translates puts the items themselves into `input` first.
    """
    if not isinstance(document, dict):
        raise InvalidCall("the request is not an object")
    named = model or document.get("model") or ""
    if not isinstance(named, str):
        raise InvalidCall("model: not a string", "model")
    call = ModelCall(OWN, named, stream=bool(document.get("stream") if stream is None else stream))
    call.include_usage = call.stream
    load_settings(call, document)
    load_tools(call, document.get("tools"))
    reader = _read_input(document)
    if not reader.messages and not any(document.get(member) for member in ELSEWHERE):
        raise InvalidCall("input: missing, and there are no instructions either", "input")
    call.messages = reader.messages
    for tools in reader.carried:
        load_carried_tools(call, tools)
    load_choice(call, document.get("tool_choice"))
    load_reasoning(call, document.get("reasoning"))
    return call


def _read_input(document: dict[str, Any]) -> ItemReader:
    reader = ItemReader()
    instructions, items = document.get("instructions"), document.get("input")
    if isinstance(instructions, str):
        reader.system(instructions)
    elif instructions is not None:
        raise InvalidCall("instructions: not a string", "instructions")
    if isinstance(items, str | dict):
        items = [items]
    if items is not None and not isinstance(items, list):
        raise InvalidCall("input: neither a text nor a list of items", "input")
    for index, item in enumerate(items or ()):
        reader.read(item, index)
    return reader


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a request body; what it cannot carry is counted in `call.drops`."""
    writer = ItemWriter(call)
    writer.write(call.messages)
    document: dict[str, Any] = {"model": call.model}
    instructions, items = JOINT.join(writer.instructions), writer.items
    json_wanted = call.output is not None and call.output.schema is None
    if instructions and call.origin is not OWN and (json_wanted or not items):
        items.insert(0, _system(instructions))  # the API wants at least one item
    elif writer.instructions:
        document["instructions"] = instructions
    if json_wanted and call.origin is not OWN and b"json" not in orjson.dumps(items).lower():
        items.insert(0, _system(JSON_WORD))
    document["input"] = items
    parts = {"tools": dump_tools(call), "tool_choice": dump_choice(call), "reasoning": dump_reasoning(call)}
    document |= {name: value for name, value in parts.items() if value}
    document |= dump_settings(call)
    if call.stream:
        document["stream"] = True
    return document


def _system(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "system", "content": text}
