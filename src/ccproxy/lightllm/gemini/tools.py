"""Tools and which of them the model may call, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.fields import camelled, listed
from ccproxy.lightllm.gemini.schema import json_schema
from ccproxy.lightllm.server_tools import declaration, neutral_name

DECLARED = frozenset({"name", "description", "parameters", "parametersJsonSchema"})

MODES = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}

NATIVE_MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}

CUSTOM_SCHEMA = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def load_tools(call: ModelCall, tools: Any) -> None:
    """Reads `tools`: function declarations, and tools that Google runs. Raises InvalidCall."""
    for index, given in enumerate(listed(tools)):
        if not isinstance(given, dict):
            raise InvalidCall(f"tools[{index}]: a tool is an object", "tools")
        for name, value in camelled(given).items():
            if name == "functionDeclarations":
                call.tools += [_declared(spec, f"tools[{index}]") for spec in listed(value)]
            else:
                call.server_tools.append(ServerTool(neutral_name(name), {name: value}, WireFormat.GEMINI))


def _declared(spec: Any, place: str) -> ToolDefinition:
    members = camelled(spec)
    name = members.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidCall(f"{place}.functionDeclarations: a name is missing", "tools")
    schema = members.get("parametersJsonSchema")
    if schema is None:
        schema = json_schema(members.get("parameters"))
    fields = {key: value for key, value in members.items() if key not in DECLARED}
    return ToolDefinition(
        name=name,
        parameters_json_schema=schema if isinstance(schema, dict) else {"type": "object", "properties": {}},
        description=str(members["description"]) if members.get("description") else None,
        metadata={"fields": fields} if fields else None,
    )


def load_tool_config(call: ModelCall, config: Any) -> None:
    """Reads `toolConfig`."""
    members = camelled(config)
    calling = camelled(members.pop("functionCallingConfig", None))
    call.extras |= {f"toolConfig.{name}": value for name, value in members.items()}
    mode = str(calling.pop("mode", "")).upper()
    names = [str(name) for name in listed(calling.pop("allowedFunctionNames", None))]
    if calling:
        call.extras["toolConfig.functionCallingConfig"] = calling
    if mode in MODES:
        call.tool_choice = ToolChoice(MODES[mode], names)  # type: ignore[arg-type]
        call.wording["mode"] = mode


def dump_tools(call: ModelCall) -> list[dict[str, Any]]:
    """The `tools` of a call."""
    tools: list[dict[str, Any]] = []
    if call.tools:
        tools.append({"functionDeclarations": [_declaration(tool, call) for tool in call.tools]})
    if call.origin is WireFormat.GEMINI:
        return tools + [tool.raw for tool in call.server_tools]
    return tools + list(_server_tools(call))


def _server_tools(call: ModelCall) -> Iterator[dict[str, Any]]:
    """Most models refuse Google's own tools beside function declarations: the client's are worth more."""
    for tool in call.server_tools:
        native = None if call.tools else declaration(tool.name, WireFormat.GEMINI)
        if native is None:
            call.drops.add("server_tools")
        else:
            yield native


def _declaration(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    metadata = tool.metadata or {}
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    schema = tool.parameters_json_schema
    if "custom" in metadata:
        call.drops.add("custom_tool")
        if "input" not in schema.get("properties", {}):  # else it tells of the tool's grammar
            schema = CUSTOM_SCHEMA
    if schema:
        spec["parametersJsonSchema"] = schema
    if call.origin is WireFormat.GEMINI:
        return {**spec, **metadata.get("fields", {})}
    if "cache_control" in metadata:
        call.drops.add("cache_control")
    if tool.strict:
        call.drops.add("strict")
    return spec


def dump_tool_config(call: ModelCall) -> dict[str, Any]:
    """The `toolConfig` of a call; empty where nothing is said. A choice without declarations is refused."""
    calling: dict[str, Any] = {}
    choice = call.tool_choice
    if choice is not None and (call.tools or call.origin is WireFormat.GEMINI):
        calling["mode"] = _mode(choice, call)
        if choice.names:
            calling["allowedFunctionNames"] = choice.names
    elif choice is not None and choice.mode == "required":
        call.drops.add("tool_choice")
    return {"functionCallingConfig": calling} if calling else {}


def _mode(choice: ToolChoice, call: ModelCall) -> str:
    """AUTO takes no names, VALIDATED does."""
    given = call.wording.get("mode") if call.origin is WireFormat.GEMINI else None
    if given and MODES[given] == choice.mode:
        return str(given)
    return "VALIDATED" if choice.names and choice.mode == "auto" else NATIVE_MODES[choice.mode]
