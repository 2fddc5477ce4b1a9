"""Declarations of tools, read from a Responses request."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.declared import KINDS, Declared, declared_in
from ccproxy.lightllm.openai_responses.load_parts import rest
from ccproxy.lightllm.server_tools import neutral_name

OWN = WireFormat.OPENAI_RESPONSES
KNOWN_FIELDS = frozenset({"type", "name", "description", "parameters", "strict", "defer_loading", "format", "function"})
GROUP_FIELDS = frozenset({"tools"})

SHELL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "command": {"type": "array", "items": {"type": "string"}, "description": "The program and its arguments."},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "timeout_ms": {"type": "integer"},
        "user": {"type": "string"},
        "working_directory": {"type": "string"},
    },
    "required": ["command"],
}
"""The action of a `local_shell_call`, for models that do not know the tool by its name."""


def load_tools(call: ModelCall, tools: object) -> None:
    """Reads `tools`. Raises InvalidCall."""
    if tools is None:
        return
    if not isinstance(tools, list):
        raise InvalidCall("tools: not a list", "tools")
    for i, spec in enumerate(tools):
        if not isinstance(spec, dict):
            raise InvalidCall(f"tools[{i}]: not an object", f"tools[{i}]")
        kind = str(spec.get("type", "function"))
        if kind != "namespace" and kind not in KINDS:
            call.server_tools.append(ServerTool(neutral_name(kind), spec, OWN))
            continue
        found = [_definition(tool) for tool in declared_in([_unnested(spec)])]
        if not found and kind != "namespace":
            raise InvalidCall(f"tools[{i}]: a tool without a name", f"tools[{i}].name")
        if call.server_tools and found:  # so that dump finds the order again, which prompt caches go by
            found[0].metadata = {**(found[0].metadata or {}), "after": len(call.server_tools)}
        call.tools += found


def load_carried_tools(call: ModelCall, tools: object) -> None:
    """Tools that an item of `input` brings in. They go out again with the item, so they are marked."""
    names = {tool.name for tool in call.tools}
    for tool in declared_in(tools):
        if tool.flat not in names:
            names.add(tool.flat)
            definition = _definition(tool)
            definition.metadata = {**(definition.metadata or {}), "carried": True}
            call.tools.append(definition)


def _unnested(spec: dict[str, Any]) -> dict[str, Any]:
    """A function as Chat writes it, which some clients send here, as Responses does."""
    inner = spec.get("function")
    return {**spec, **inner} if "name" not in spec and isinstance(inner, dict) else spec


def _definition(tool: Declared) -> ToolDefinition:
    spec, metadata = tool.spec, dict[str, Any]()
    schema = spec.get("parameters")
    if tool.kind == "custom":
        metadata["custom"] = form = spec.get("format") or {"type": "text"}
        schema = _text_schema(form)
    elif tool.kind == "local_shell":
        metadata["kind"], schema = tool.kind, SHELL_SCHEMA
    if tool.group is not None:
        metadata["namespace"], metadata["name"] = rest(tool.group, GROUP_FIELDS), tool.name
    if more := rest(spec, KNOWN_FIELDS):
        metadata["fields"] = more
    return ToolDefinition(
        name=tool.flat,
        description=_description(tool),
        parameters_json_schema=schema if isinstance(schema, dict) and schema else {"type": "object", "properties": {}},
        strict=spec.get("strict"),
        defer_loading=bool(spec.get("defer_loading")),
        metadata=metadata or None,
    )


def _description(tool: Declared) -> str | None:
    return "Runs a program on the user's machine." if tool.kind == "local_shell" else tool.spec.get("description")


def _text_schema(form: object) -> dict[str, Any]:
    """What a free-text tool takes where tools take objects. The grammar is told, as nothing enforces it there."""
    words = "The tool's input as plain text."
    if isinstance(form, dict) and form.get("definition"):
        words += f" It has to follow this {form.get('syntax', '')} grammar:\n{form['definition']}"
    return {
        "type": "object",
        "properties": {"input": {"type": "string", "description": words}},
        "required": ["input"],
        "additionalProperties": False,
    }
