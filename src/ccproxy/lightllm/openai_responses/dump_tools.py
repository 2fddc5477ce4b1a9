"""Declarations of tools, written for Responses."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool
from ccproxy.lightllm.server_tools import declaration

OWN = WireFormat.OPENAI_RESPONSES


def dump_tools(call: ModelCall) -> list[dict[str, Any]]:
    """The `tools` field."""
    if call.origin is OWN:
        return _own_tools(call)
    tools = [_foreign_tool(tool, call) for tool in call.tools]
    for server_tool in call.server_tools:
        spec = server_tool.raw if server_tool.origin is OWN else _server_tool(server_tool)
        if spec is None:
            call.drops.add("server_tools")
        else:
            tools.append(spec)
    return tools


def _own_tools(call: ModelCall) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = []
    groups: dict[str, dict[str, Any]] = {}
    others = [tool.raw for tool in call.server_tools]
    for tool in call.tools:
        metadata = tool.metadata or {}
        if metadata.get("carried"):
            continue
        while others and len(call.server_tools) - len(others) < metadata.get("after", 0):
            tools.append(others.pop(0))
        target, group = tools, metadata.get("namespace")
        if group is not None:
            if group["name"] not in groups:
                groups[group["name"]] = {**group, "tools": []}
                tools.append(groups[group["name"]])
            target = groups[group["name"]]["tools"]
        target.append(_own_tool(tool, metadata))
    return tools + others


def _own_tool(tool: ToolDefinition, metadata: dict[str, Any]) -> dict[str, Any]:
    if metadata.get("kind") == "local_shell":
        return {"type": "local_shell"}
    spec = _spec(tool, metadata) | ({"name": metadata["name"]} if "namespace" in metadata else {})
    if tool.strict is not None:
        spec["strict"] = tool.strict
    if tool.defer_loading:
        spec["defer_loading"] = True
    return {**spec, **metadata.get("fields", {})}


def _foreign_tool(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    metadata = tool.metadata or {}
    if "cache_control" in metadata:
        call.drops.add("cache_control")
    spec = _spec(tool, metadata)
    if spec["type"] == "function":
        # Without the field, OpenAI makes a schema strict, and optional arguments mandatory.
        spec["strict"] = bool(tool.strict)
        spec["parameters"] = {"type": "object", "properties": {}} | spec["parameters"]
    return spec


def _spec(tool: ToolDefinition, metadata: dict[str, Any]) -> dict[str, Any]:
    custom = metadata.get("custom")
    spec: dict[str, Any] = {"type": "custom" if custom is not None else "function"}
    spec["name"] = tool.name
    if tool.description is not None:
        spec["description"] = tool.description
    if custom is None:
        spec["parameters"] = tool.parameters_json_schema
    elif isinstance(custom, dict) and custom.get("type", "text") != "text":
        spec["format"] = custom
    return spec


def _server_tool(tool: ServerTool) -> dict[str, Any] | None:
    """A tool of another provider as OpenAI's own, with what of its settings exists here."""
    spec = declaration(tool.name, OWN)
    if spec is None or tool.name != "web_search":
        return spec
    raw = tool.raw.get("web_search_options", tool.raw)  # of Chat
    if raw.get("search_context_size"):
        spec = {**spec, "search_context_size": raw["search_context_size"]}
    if isinstance(where := raw.get("user_location"), dict):
        spec = {**spec, "user_location": {"type": "approximate", **where.get("approximate", where)}}
    if raw.get("allowed_domains"):
        spec = {**spec, "filters": {"allowed_domains": raw["allowed_domains"]}}
    return spec
