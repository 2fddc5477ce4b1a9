"""JSON schemas as Claude takes them (platform.claude.com, "Structured outputs", "JSON Schema limitations")."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.drops import Drops

ALTERNATIVES = ("anyOf", "oneOf", "allOf")

REFUSED = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
    "uniqueItems", "minProperties", "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties",
    "contains", "minContains", "maxContains", "if", "then", "else", "not", "dependentRequired", "dependentSchemas",
})  # fmt: skip
"""Keywords that a schema for strict output may not have."""

SCHEMAS = frozenset({"properties", "$defs", "definitions"})
"""Keywords whose members are schemas by name."""


def input_schema(schema: Any, drops: Drops) -> dict[str, Any]:
    """A tool's schema with an object at its top, where no alternatives may be."""
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {}}
    if any(name in schema for name in ALTERNATIVES):
        drops.add("schema")
        return _merged(schema)
    if schema.get("type") == "object":
        return schema
    return {**schema, "type": "object"}


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """The properties of all alternatives; required is what every one of them requires."""
    variants = [variant for name in ALTERNATIVES for variant in _list(schema, name) if isinstance(variant, dict)]
    properties: dict[str, Any] = {}
    for holder in (schema, *variants):
        given = holder.get("properties")
        properties |= given if isinstance(given, dict) else {}
    common = set.intersection(*(set(_names(variant)) for variant in variants)) if variants else set()
    required = [*_names(schema), *sorted(common)]
    rest = {name: value for name, value in schema.items() if name not in ALTERNATIVES}
    return {**rest, "type": "object", "properties": properties, **({"required": required} if required else {})}


def _list(schema: dict[str, Any], name: str) -> list[Any]:
    value = schema.get(name)
    return value if isinstance(value, list) else []


def _names(schema: dict[str, Any]) -> list[str]:
    return [name for name in _list(schema, "required") if isinstance(name, str)]


def strict_schema(schema: Any, drops: Drops) -> Any:
    """A schema for strict output: no refused keywords, and objects without further members."""
    if isinstance(schema, list):
        return [strict_schema(item, drops) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in REFUSED or (name == "minItems" and value not in (0, 1)):
            drops.add("schema")
        elif name in SCHEMAS and isinstance(value, dict):
            kept[name] = {key: strict_schema(item, drops) for key, item in value.items()}
        elif name in ("enum", "const", "default", "required", "examples"):
            kept[name] = value
        else:
            kept[name] = strict_schema(value, drops)
    if kept.get("type") == "object" or "properties" in kept:
        if kept.get("additionalProperties"):
            drops.add("schema")
        kept["additionalProperties"] = False
    return kept
