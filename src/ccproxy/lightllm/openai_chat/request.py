"""Requests of OpenAI Chat Completions. Source: platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.dump_messages import dump_messages
from ccproxy.lightllm.openai_chat.dump_settings import dump_settings
from ccproxy.lightllm.openai_chat.load_messages import load_messages
from ccproxy.lightllm.openai_chat.reasoning import dump_reasoning, load_reasoning
from ccproxy.lightllm.openai_chat.settings import load_settings
from ccproxy.lightllm.openai_chat.tools import dump_tools, load_choice, load_tools


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
    return {
        "model": call.model,
        "messages": dump_messages(call),
        **dump_tools(call),
        **dump_reasoning(call),
        **dump_settings(call),
    }
