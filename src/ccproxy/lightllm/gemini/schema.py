"""Google's schemas (an OpenAPI 3.0 subset with types in capitals) as JSON Schema.

Source: ai.google.dev/api/caching#Schema.
"""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.fields import camel, number

COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
RENAMED = {"defs": "$defs", "ref": "$ref"}
SPENT = frozenset({"nullable", "propertyOrdering", "example"})
"""Members that JSON Schema says in another way."""


def json_schema(schema: Any) -> Any:
    """A schema of `parameters` or `responseSchema` as JSON Schema; what is JSON Schema already stays as it is.

    `propertyOrdering` becomes the order of the properties, `nullable` a type beside the others.
    """
    if not isinstance(schema, dict):
        return schema
    given = {camel(key): value for key, value in schema.items()}
    out: dict[str, Any] = {}
    for key, value in given.items():
        if key not in SPENT and value is not None:
            _member(out, key, value)
    if isinstance(given.get("propertyOrdering"), list) and "properties" in out:
        out["properties"] = _ordered(out["properties"], given["propertyOrdering"])
    if given.get("example") is not None:
        out.setdefault("examples", [given["example"]])
    return _nullable(out) if given.get("nullable") is True else out


def _member(out: dict[str, Any], key: str, value: Any) -> None:
    if key == "type":
        _type(out, value)
    elif key in {"properties", "defs", "$defs"} and isinstance(value, dict):
        out[RENAMED.get(key, key)] = {name: json_schema(inner) for name, inner in value.items()}
    elif key in {"items", "additionalProperties"}:
        out[key] = json_schema(value)
    elif key in {"anyOf", "oneOf", "allOf", "prefixItems"} and isinstance(value, list):
        out[key] = [json_schema(inner) for inner in value]
    elif key in COUNTS:
        out[key] = number(value)
    elif not (key == "format" and value == "enum"):
        out[RENAMED.get(key, key)] = value


def _type(out: dict[str, Any], value: Any) -> None:
    if isinstance(value, list):
        out["type"] = [str(name).lower() for name in value]
    elif value != "TYPE_UNSPECIFIED":
        out["type"] = str(value).lower()


def _ordered(properties: dict[str, Any], order: list[Any]) -> dict[str, Any]:
    first = {name: properties[name] for name in order if isinstance(name, str) and name in properties}
    return first | properties


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema
