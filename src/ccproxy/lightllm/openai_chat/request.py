"""Requests of OpenAI Chat Completions. Source: platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.dump_messages import dump_messages
from ccproxy.lightllm.openai_chat.dump_settings import dump_settings
from ccproxy.lightllm.openai_chat.dump_tools import dump_tools
from ccproxy.lightllm.openai_chat.load_messages import load_messages
from ccproxy.lightllm.openai_chat.load_tools import load_choice, load_tools
from ccproxy.lightllm.openai_chat.models import model_of
from ccproxy.lightllm.openai_chat.reasoning import dump_reasoning, load_reasoning
from ccproxy.lightllm.openai_chat.settings import load_settings


def load(document: Any, model: str | None, stream: bool | None) -> ModelCall:
    """Reads a request body. `model` and `stream` win over what it says, where they are given. Raises InvalidCall."""
    if not isinstance(document, dict):
        raise InvalidCall("the request is not a JSON object")
    named = document.get("model")
    call = ModelCall(WireFormat.OPENAI, model or (named if isinstance(named, str) else ""))
    call.stream = bool(document.get("stream")) if stream is None else stream
    call.messages = load_messages(document.get("messages"))
    load_tools(document, call)
    for name in ("tool_choice", "function_call"):
        value = document.get(name)
        if value is None:
            continue
        call.tool_choice = load_choice(value)
        if call.tool_choice is None:
            call.extras[name] = value
    call.reasoning = load_reasoning(document)
    load_settings(document, call)
    return call


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a request body. What it cannot carry is counted in `call.drops`."""
    messages = dump_messages(call)
    if _lacks_json(call, messages):
        messages.insert(0, {"role": "system", "content": "Answer in JSON."})
    return {
        "model": call.model,
        "messages": messages,
        **dump_tools(call),
        **dump_reasoning(call),
        **dump_settings(call),
    }


def _lacks_json(call: ModelCall, messages: list[dict[str, Any]]) -> bool:
    """OpenAI refuses `json_object` where no message has the word JSON in it."""
    if call.output is None or call.output.schema is not None or call.origin is WireFormat.OPENAI:
        return False
    return model_of(call.model).openai and b"json" not in orjson.dumps(messages).lower()
