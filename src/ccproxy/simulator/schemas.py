"""A small instance of a JSON schema (JSON Schema 2020-12, and the OpenAPI subset that Google uses)."""

from __future__ import annotations

from typing import Any

from .reading import as_dict, as_list, as_text

MAX_DEPTH = 24
MAX_ITEMS = 64
FORMATS = {
    "date": "2025-01-01",
    "date-time": "2025-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def instance(schema: object, name: str = "value", root: object = None, depth: int = MAX_DEPTH) -> Any:
    """A value that fits `schema`: required fields only, the first of every alternative, the smallest of every range.

    `pattern` is not honoured. `name` is what a plain string is made from. Never raises; too deep a schema gives null.
    """
    rules = _resolved(as_dict(schema), as_dict(root if root is not None else schema), depth)
    if depth <= 0:
        return None
    if "const" in rules:
        return rules["const"]
    if options := as_list(rules.get("enum")):
        return options[0]
    if "default" in rules and rules["default"] is not None:
        return rules["default"]
    maker = MAKERS.get(_type_of(rules), _null)
    return maker(rules, name, as_dict(root if root is not None else schema), depth)


def _resolved(rules: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
    """`rules` with $ref followed, allOf merged and the first of anyOf or oneOf chosen."""
    while depth > 0 and (nested := _next(rules, root)):
        rest = {key: value for key, value in rules.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
        merged = rest
        for other in nested:
            merged = _merged(merged, other)
        rules, depth = merged, depth - 1
    return rules


def _next(rules: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    if ref := as_text(rules.get("$ref")):
        return [_pointed(ref, root)]
    if every := as_list(rules.get("allOf")):
        return [as_dict(item) for item in every]
    for key in ("anyOf", "oneOf"):
        if options := as_list(rules.get(key)):
            return [as_dict(options[0])]
    return []


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**as_dict(one["properties"]), **as_dict(other["properties"])}
    if "required" in one and "required" in other:
        merged["required"] = [*as_list(one["required"]), *as_list(other["required"])]
    return merged


def _pointed(ref: str, root: dict[str, Any]) -> dict[str, Any]:
    """What a local JSON pointer (RFC 6901) such as `#/$defs/City` points to."""
    at: object = root
    for key in ref.removeprefix("#").strip("/").split("/") if ref != "#" else ():
        at = as_dict(at).get(key.replace("~1", "/").replace("~0", "~"))
    return as_dict(at)


def _type_of(rules: dict[str, Any]) -> str:
    kind = rules.get("type")
    if isinstance(kind, list):
        kind = next((item for item in kind if item != "null"), None)
    if isinstance(kind, str):
        return kind.lower()
    return "object" if "properties" in rules else "array" if "items" in rules else "string" if not rules else "null"


def _object(rules: dict[str, Any], _: str, root: dict[str, Any], depth: int) -> dict[str, Any]:
    properties = as_dict(rules.get("properties"))
    names = [name for name in as_list(rules.get("required")) if isinstance(name, str)]
    return {name: instance(properties.get(name, {}), name, root, depth - 1) for name in names}


def _array(rules: dict[str, Any], name: str, root: dict[str, Any], depth: int) -> list[Any]:
    least = rules.get("minItems")
    count = min(least, MAX_ITEMS) if isinstance(least, int) else 0
    prefix = as_list(rules.get("prefixItems"))[:MAX_ITEMS]
    items = [instance(item, name, root, depth - 1) for item in prefix]
    return items + [instance(rules.get("items"), name, root, depth - 1) for _ in range(count - len(items))]


def _string(rules: dict[str, Any], name: str, root: dict[str, Any], depth: int) -> str:
    text = FORMATS.get(as_text(rules.get("format")), f"simulated {name}")
    least, most = rules.get("minLength"), rules.get("maxLength")
    if isinstance(least, int) and least > len(text):
        text = text.ljust(min(least, 4096), ".")
    return text[: max(most, 0)] if isinstance(most, int) else text


def _number(rules: dict[str, Any], name: str, root: dict[str, Any], depth: int) -> float | int:
    low, above, high = rules.get("minimum"), rules.get("exclusiveMinimum"), rules.get("maximum")
    step = rules.get("multipleOf")
    if isinstance(step, int | float) and step > 0:
        return step
    if isinstance(above, int | float) and not isinstance(above, bool):
        return above + 1
    if isinstance(low, int | float):
        return low
    return high if isinstance(high, int | float) and high < 1 else 1


def _boolean(rules: dict[str, Any], name: str, root: dict[str, Any], depth: int) -> bool:
    return False


def _null(rules: dict[str, Any], name: str, root: dict[str, Any], depth: int) -> None:
    return None


MAKERS = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
}
