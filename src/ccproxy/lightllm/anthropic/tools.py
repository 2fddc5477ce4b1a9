"""Tools and the choice among them, read and written."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.dump_content import own_members
from ccproxy.lightllm.anthropic.fields import as_list, as_object
from ccproxy.lightllm.anthropic.load_content import details
from ccproxy.lightllm.anthropic.models import Traits
from ccproxy.lightllm.anthropic.schemas import input_schema, strict_schema
from ccproxy.lightllm.call import ModelCall, ServerTool, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.server_tools import declaration, neutral_name

NATIVE = WireFormat.ANTHROPIC
MODES: dict[Any, ToolChoice] = {"auto": ToolChoice("auto"), "any": ToolChoice("required"), "none": ToolChoice("none")}
MOST_STRICT = 20
"""Strict tools that a request may have (platform.claude.com, "Structured outputs")."""

CUSTOM_SCHEMA = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def load_tools(document: dict[str, Any], call: ModelCall) -> None:
    """Reads `tools`. Where tools of both kinds are mixed, `metadata` says at which `place` a tool stood."""
    values = as_list(document.get("tools"), "tools")
    for index, value in enumerate(values):
        tool = as_object(value, f"tools[{index}]")
        kind = tool.get("type") or "custom"
        if kind != "custom":
            call.server_tools.append(ServerTool(neutral_name(str(kind)), tool, NATIVE))
            continue
        name = tool.get("name")
        if not isinstance(name, str) or not name:
            raise InvalidCall(f"tools[{index}]: a tool needs a name", f"tools[{index}].name")
        call.tools.append(_definition(tool, name, index if call.server_tools else None))


def _definition(tool: dict[str, Any], name: str, place: int | None) -> ToolDefinition:
    metadata = details(tool, "name", "description", "input_schema", "strict") or {}
    if place is not None:
        metadata["place"] = place
    schema = tool.get("input_schema")
    return ToolDefinition(
        name=name,
        description=tool.get("description"),
        parameters_json_schema=schema if isinstance(schema, dict) else {"type": "object"},
        strict=tool.get("strict"),
        metadata=metadata or None,
    )


def load_tool_choice(document: dict[str, Any], call: ModelCall) -> None:
    """Reads `tool_choice`, which says too whether calls may be parallel."""
    value = document.get("tool_choice")
    choice: dict[str, Any] = value if isinstance(value, dict) else {"type": value}
    kind = choice.get("type")
    if kind == "tool" and isinstance(choice.get("name"), str):
        call.tool_choice = ToolChoice("required", [choice["name"]])
    elif isinstance(kind, str) and kind in MODES:
        call.tool_choice = ToolChoice(MODES[kind].mode)
    single = choice.get("disable_parallel_tool_use")
    if isinstance(single, bool):
        call.settings["parallel_tool_calls"] = not single


def dump_tools(call: ModelCall, model: Traits) -> list[dict[str, Any]]:
    """All tools, those of providers too."""
    own = call.origin is NATIVE
    servers = [raw for tool in call.server_tools if (raw := _server_tool(tool, call)) is not None]
    strict = own or _strict(call, model)
    written: list[dict[str, Any]] = []
    for tool in call.tools:
        place = (tool.metadata or {}).get("place", 0) if own else 0
        while servers and len(written) < place:
            written.append(servers.pop(0))
        written.append(_own_tool(tool) if own else _foreign_tool(tool, strict, call))
    return written + servers


def _server_tool(tool: ServerTool, call: ModelCall) -> dict[str, Any] | None:
    if tool.origin is NATIVE:
        return tool.raw
    written = declaration(tool.name, NATIVE)
    if written is None:
        call.drops.add("server_tools")
        return None
    return {**written, **_search_options(tool.raw)} if tool.name == "web_search" else written


def _search_options(raw: dict[str, Any]) -> dict[str, Any]:
    """Where to search and for whom, as the OpenAI formats say it."""
    given = raw.get("web_search_options")
    spec = given if isinstance(given, dict) else raw
    options: dict[str, Any] = {}
    filters, location = spec.get("filters"), spec.get("user_location")
    if isinstance(filters, dict) and filters.get("allowed_domains"):
        options["allowed_domains"] = filters["allowed_domains"]
    if isinstance(location, dict):
        nested = location.get("approximate")
        place = nested if isinstance(nested, dict) else location
        known = {name: place[name] for name in ("city", "region", "country", "timezone") if place.get(name)}
        if known:
            options["user_location"] = {"type": "approximate", **known}
    return options


def _strict(call: ModelCall, model: Traits) -> bool:
    return model.strict and sum(tool.strict is True for tool in call.tools) <= MOST_STRICT


def _own_tool(tool: ToolDefinition) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters_json_schema}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written | own_members(tool.metadata)


def _foreign_tool(tool: ToolDefinition, strict: bool, call: ModelCall) -> dict[str, Any]:
    metadata = tool.metadata or {}
    schema = tool.parameters_json_schema
    if "custom" in metadata:
        call.drops.add("custom_tool")
        if "input" not in schema.get("properties", {}):  # else it tells of the tool's grammar
            schema = CUSTOM_SCHEMA
    written: dict[str, Any] = {"name": tool.name, "input_schema": input_schema(schema, call.drops)}
    if tool.description:
        written["description"] = tool.description
    if tool.strict and strict:
        written |= {"input_schema": strict_schema(written["input_schema"], call.drops), "strict": True}
    elif tool.strict:
        call.drops.add("strict")
    if "cache_control" in metadata:
        written["cache_control"] = metadata["cache_control"]
    return written


def dump_tool_choice(call: ModelCall, tools: list[dict[str, Any]], model: Traits) -> dict[str, Any] | None:
    """`tool_choice`, the nearest there is; None where nothing needs to be said. Without tools none may be sent."""
    choice = call.tool_choice
    parallel = call.settings.get("parallel_tool_calls")
    own = call.origin is NATIVE
    if not tools and not own:
        if choice is not None and choice.mode == "required":
            call.drops.add("tool_choice")
        return None
    if choice is None and (parallel is None or (parallel and not own)):
        return None
    written = _choice(choice or ToolChoice(), tools, call, own or model.forced_choice)
    if written["type"] != "none" and (parallel is False or (own and parallel)):
        written["disable_parallel_tool_use"] = not parallel
    return written


def _choice(choice: ToolChoice, tools: list[dict[str, Any]], call: ModelCall, forceable: bool) -> dict[str, Any]:
    if choice.mode == "none":
        return {"type": "none"}
    if choice.mode == "required" and not forceable:
        call.drops.add("tool_choice")
        return {"type": "auto"}
    if choice.mode == "required" and len(choice.names) == 1:
        name = choice.names[0]
        if call.origin is NATIVE or any(tool.get("name") == name for tool in tools):
            return {"type": "tool", "name": name}
    if choice.names:
        call.drops.add("tool_choice")
    return {"type": "any" if choice.mode == "required" else "auto"}
