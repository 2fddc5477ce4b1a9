"""Tools of a call and the choice among them, written."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ToolChoice
from ccproxy.lightllm.openai_chat.models import model_of
from ccproxy.lightllm.openai_chat.schemas import parameters_of, strict_of

OWN = WireFormat.OPENAI


def dump_tools(call: ModelCall) -> dict[str, Any]:
    """The members that declare tools and choose among them."""
    body: dict[str, Any] = {}
    if call.origin is OWN and call.wording.get("functions"):
        body["functions"] = [_dump_function(tool, call)["function"] for tool in call.tools]
        if call.tool_choice is not None:
            names = call.tool_choice.names
            body["function_call"] = {"name": names[0]} if names else call.tool_choice.mode
        return body
    tools = [_dump_tool(tool, call) for tool in call.tools]
    for server_tool in call.server_tools:
        if server_tool.origin is not OWN:
            call.drops.add("server_tools")
        elif "web_search_options" in server_tool.raw:
            body.update(server_tool.raw)
        else:
            tools.append(server_tool.raw)
    if tools:
        body["tools"] = tools
    if call.tool_choice is not None:
        _dump_choice(call, call.tool_choice, body)
    return body


def takes_text(tool: ToolDefinition, call: ModelCall) -> bool:
    """Whether a tool is declared as custom: compatible servers and earlier models know functions only."""
    return "custom" in (tool.metadata or {}) and (call.origin is OWN or model_of(call.model).free_text)


def _dump_tool(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    metadata = tool.metadata or {}
    if takes_text(tool, call):
        body = _dump_custom(tool, metadata["custom"])
    else:
        body = _dump_function(tool, call)
        if "custom" in metadata:
            call.drops.add("custom_tool")
    if call.origin is OWN:
        body.update(metadata.get("fields", {}))
    if "cache_control" in metadata:
        if call.origin is OWN:
            body["cache_control"] = metadata["cache_control"]
        else:
            call.drops.add("cache_control")
    return body


def _dump_function(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = parameters_of(tool, call)
    strict = strict_of(tool, call)
    if strict is not None:
        function["strict"] = strict
    return {"type": "function", "function": function}


def _dump_custom(tool: ToolDefinition, format: Any) -> dict[str, Any]:
    custom: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if isinstance(format, dict) and format.get("type") == "grammar":
        grammar = format.get("grammar") or {name: format[name] for name in ("syntax", "definition") if name in format}
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": custom}


def _dump_choice(call: ModelCall, choice: ToolChoice, body: dict[str, Any]) -> None:
    """Without tools the API refuses any choice among them, and one of a tool that is not declared always."""
    kinds = {tool.name: "custom" if takes_text(tool, call) else "function" for tool in call.tools}
    names = [name for name in choice.names if name in kinds] if call.origin is not OWN else choice.names
    if len(names) < len(choice.names) or ("tools" not in body and choice.mode == "required"):
        call.drops.add("tool_choice")
    if "tools" not in body or (choice.names and not names):
        return
    chosen = [{"type": kind, kind: {"name": name}} for name in names for kind in (kinds.get(name, "function"),)]
    if not chosen or choice.mode == "none":
        body["tool_choice"] = choice.mode
    elif choice.mode == "required" and len(chosen) == 1:
        body["tool_choice"] = chosen[0]
    else:
        body["tool_choice"] = {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": chosen}}
