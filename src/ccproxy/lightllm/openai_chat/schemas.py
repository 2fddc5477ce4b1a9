"""JSON Schemas of tools, as far as OpenAI demands more of them than others do."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall

OPENAI = frozenset({WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES})


def parameters_of(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    """A tool's schema: an object with properties, if none. What came in the same format stays as it is."""
    schema = tool.parameters_json_schema
    if call.origin is WireFormat.OPENAI:
        return schema
    if "type" not in schema:
        schema = {"type": "object", **schema}
    if schema["type"] == "object" and "properties" not in schema:
        schema = {**schema, "properties": {}}
    return schema


def text_schema(format: Any) -> dict[str, Any]:
    """What a tool with free text takes where tools take objects. Nothing enforces its grammar there, so it is told."""
    words = "The input as plain text."
    if isinstance(format, dict) and format.get("definition"):
        words += f" It must follow this {format.get('syntax', '')} grammar:\n{format['definition']}"
    return {
        "type": "object",
        "properties": {"input": {"type": "string", "description": words}},
        "required": ["input"],
        "additionalProperties": False,
    }


def strict_of(tool: ToolDefinition, call: ModelCall) -> bool | None:
    """Whether the arguments must follow the schema. OpenAI refuses that of schemas with optional or open members."""
    if tool.strict and call.origin not in OPENAI and not is_strict(tool.parameters_json_schema):
        call.drops.add("strict")
        return None
    return tool.strict


def is_strict(schema: Any) -> bool:
    """Whether every object in a schema is closed and has no optional members, as OpenAI's strict mode demands."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = schema.get("required")
        if not isinstance(required, list) or any(name not in required for name in properties):
            return not properties and schema.get("additionalProperties") is False
        return schema.get("additionalProperties") is False and all(map(is_strict, properties.values()))
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return False
    return all(is_strict(value) for name, value in schema.items() if name in NESTING)


NESTING = frozenset({"items", "anyOf", "prefixItems"})
