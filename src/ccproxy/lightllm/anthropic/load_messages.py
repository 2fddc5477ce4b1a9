"""`system` and `messages` of a request, read into pydantic-ai's messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.fields import as_list, as_object, as_text
from ccproxy.lightllm.anthropic.load_content import details, load_content, load_item, others
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.server_tools import neutral_name
from ccproxy.lightllm.signatures import unsealed

EPOCH = datetime.fromtimestamp(0, UTC)
"""The wire has no times; asking the clock for every part would cost more than reading it."""

NATIVE = WireFormat.ANTHROPIC
SYSTEM_ROLES = frozenset({"system", "developer"})


def load_messages(document: dict[str, Any]) -> list[ModelMessage]:
    """All messages, the system prompt first. Raises InvalidCall."""
    messages = document.get("messages")
    if not isinstance(messages, list):
        raise InvalidCall("messages: a list of messages is wanted", "messages")
    loaded: list[ModelMessage] = []
    system = blocks_of(document.get("system"), "system")
    if system:
        loaded.append(ModelRequest(_system_parts(system, {}, "system")))
    names: dict[str, str] = {}
    for index, value in enumerate(messages):
        where = f"messages[{index}]"
        message = as_object(value, where)
        blocks = blocks_of(message.get("content"), f"{where}.content")
        loaded.append(_message(message, blocks, names, f"{where}.content"))
    return loaded


def blocks_of(content: Any, where: str) -> list[Any]:
    """Content as blocks, however it is written."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return as_list(content, where)


def _message(message: dict[str, Any], blocks: list[Any], names: dict[str, str], where: str) -> ModelMessage:
    role = str(message.get("role"))
    fields = others(message, "role", "content") if len(message) > 2 else None
    metadata = {"fields": fields} if fields else None
    if role == "assistant":
        parts = [_response_part(block, names, f"{where}[{index}]") for index, block in enumerate(blocks)]
        return ModelResponse(parts, timestamp=EPOCH, metadata=metadata)
    if role in SYSTEM_ROLES:
        return ModelRequest(_system_parts(blocks, {"role": role}, where), metadata=metadata)
    return ModelRequest(_user_parts(blocks, names, where), metadata=metadata)


def _system_parts(blocks: list[Any], role: dict[str, Any], where: str) -> list[Any]:
    parts: list[Any] = []
    for index, value in enumerate(blocks):
        block = {"type": "text", "text": value} if isinstance(value, str) else as_object(value, f"{where}[{index}]")
        if block.get("type", "text") != "text":
            unknown = TextContent("", metadata={"raw": block, **role})
            parts.append(UserPromptPart([unknown], timestamp=EPOCH))
            continue
        text = as_text(block.get("text"), f"{where}[{index}].text")
        metadata = {**(details(block, "type", "text") or {}), **role}
        parts.append(SystemPromptPart(text, timestamp=EPOCH, metadata=metadata or None))
    return parts


def _user_parts(blocks: list[Any], names: dict[str, str], where: str) -> list[Any]:
    parts: list[Any] = []
    content: list[Any] = []
    for index, block in enumerate(blocks):
        place = f"{where}[{index}]"
        if isinstance(block, dict) and block.get("type") == "tool_result":
            parts.append(_tool_result(block, names, place))
            content = []
            continue
        if not content:
            parts.append(UserPromptPart(content, timestamp=EPOCH))
        content += load_item(block, place)
    return parts


def _tool_result(block: dict[str, Any], names: dict[str, str], where: str) -> ToolReturnPart:
    id = block.get("tool_use_id")
    if not isinstance(id, str) or not id:
        raise InvalidCall(f"{where}: a tool_result needs a tool_use_id", where)
    content = block.get("content")
    return ToolReturnPart(
        tool_name=names.get(id, ""),
        content=content if isinstance(content, str) else load_content(content, f"{where}.content"),
        tool_call_id=id,
        metadata=details(block, "type", "tool_use_id", "content", "is_error"),
        outcome="failed" if block.get("is_error") else "success",
        timestamp=EPOCH,
    )


def _response_part(value: Any, names: dict[str, str], where: str) -> Any:
    block = {"type": "text", "text": value} if isinstance(value, str) else as_object(value, where)
    kind = block.get("type", "text" if "text" in block else None)
    reader = RESPONSE_PARTS.get(kind) if isinstance(kind, str) else None
    part = _native(block) if reader is None else reader(block, where)
    if isinstance(part, ToolCallPart):
        names[part.tool_call_id] = part.tool_name
    return part


def _text(block: dict[str, Any], where: str) -> TextPart:
    text = as_text(block.get("text"), f"{where}.text")
    return TextPart(text, provider_details=details(block, "type", "text") if len(block) > 2 else None)


def _thinking(block: dict[str, Any], where: str) -> ThinkingPart:
    text = as_text(block.get("thinking"), f"{where}.thinking")
    rest = details(block, "type", "thinking", "signature")
    signature = block.get("signature")
    if not isinstance(signature, str):
        return ThinkingPart(text, provider_details=rest)
    opaque = unsealed(signature, NATIVE)
    return ThinkingPart(text, signature=opaque.data, provider_name=opaque.origin.value, provider_details=rest)


def _redacted(block: dict[str, Any], where: str) -> ThinkingPart:
    opaque = unsealed(as_text(block.get("data"), f"{where}.data"), NATIVE)
    return ThinkingPart("", id="redacted_thinking", signature=opaque.data, provider_name=opaque.origin.value)


def _tool_use(block: dict[str, Any], where: str) -> ToolCallPart:
    name = block.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidCall(f"{where}: a tool_use needs a name", where)
    return ToolCallPart(
        tool_name=name,
        args=block.get("input") or {},
        tool_call_id=str(block.get("id") or new_id("toolu_")),
        provider_details=details(block, "type", "name", "input", "id") if len(block) > 4 else None,
    )


def _native(block: dict[str, Any]) -> NativeToolCallPart | NativeToolReturnPart:
    """A block of the provider's own tools, or one that nobody knows."""
    name = block.get("name")
    if not str(block.get("type")).endswith("_tool_use") or not isinstance(name, str):
        return _native_result(block)
    arguments = block.get("input")
    return NativeToolCallPart(
        tool_name=neutral_name(name),
        args=arguments if isinstance(arguments, dict | str) else None,
        tool_call_id=str(block.get("id") or ""),
        provider_name=NATIVE.value,
        provider_details={"raw": block},
    )


def _native_result(block: dict[str, Any]) -> NativeToolReturnPart:
    kind = str(block.get("type"))
    tool = kind.removesuffix("_tool_result") if kind.endswith("_tool_result") else None
    return NativeToolReturnPart(
        tool_name=neutral_name(tool) if tool else kind if kind in OWN_BLOCKS else "unknown",
        content=block.get("content"),
        tool_call_id=str(block.get("tool_use_id") or ""),
        provider_name=NATIVE.value,
        provider_details={"raw": block},
        timestamp=EPOCH,
    )


OWN_BLOCKS = frozenset({"compaction", "container_upload"})

RESPONSE_PARTS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
}
