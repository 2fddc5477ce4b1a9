"""A small instance of a JSON schema (JSON Schema 2020-12, and the OpenAPI subset that Google uses)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .reading import as_dict, as_list, as_text

MAX_DEPTH = 24
MAX_VALUES = 2000
"""Values in one instance; schemas that refer to themselves would otherwise grow without bound."""
SAFE_INTEGER = 2**53
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
COMBINED = ("$ref", "allOf", "anyOf", "oneOf")


def instance(schema: object, name: str = "value", root: object = None) -> Any:
    """A value that fits `schema`: required fields only, the first of every alternative, the smallest of every range.

    `pattern` is not honoured. A plain string is made from `name`. `root` is where `$ref` points into, by default
    `schema` itself. Never raises; what is nested too deep is null.
    """
    return _Maker(as_dict(schema if root is None else root)).make(schema, name, MAX_DEPTH)


class _Maker:
    """Makes one instance."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._left = MAX_VALUES

    def make(self, schema: object, name: str, depth: int) -> Any:
        self._left -= 1
        if depth <= 0 or self._left <= 0:
            return None
        rules = self._resolved(as_dict(schema), depth)
        if "const" in rules:
            return rules["const"]
        if options := as_list(rules.get("enum")):
            return options[0]
        if rules.get("default") is not None:
            return rules["default"]
        kind = _type_of(rules)
        if kind == "object":
            return self._object(rules, depth)
        if kind == "array":
            return self._array(rules, name, depth)
        scalar = SCALARS.get(kind)
        return scalar(rules, name) if scalar else None

    def _resolved(self, rules: dict[str, Any], depth: int) -> dict[str, Any]:
        """`rules` with $ref followed, allOf merged and the first of anyOf or oneOf chosen."""
        while depth > 0 and (nested := self._combined(rules)):
            rules = {key: value for key, value in rules.items() if key not in COMBINED}
            for other in nested:
                rules = _merged(rules, other)
            depth -= 1
        return rules

    def _combined(self, rules: dict[str, Any]) -> list[dict[str, Any]]:
        if ref := as_text(rules.get("$ref")):
            return [_pointed(ref, self._root)]
        if every := as_list(rules.get("allOf")):
            return [as_dict(item) for item in every]
        options = as_list(rules.get("anyOf")) or as_list(rules.get("oneOf"))
        return [as_dict(options[0])] if options else []

    def _object(self, rules: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = as_dict(rules.get("properties"))
        names = [name for name in as_list(rules.get("required")) if isinstance(name, str)]
        return {name: self.make(properties.get(name), name, depth - 1) for name in names[: self._left]}

    def _array(self, rules: dict[str, Any], name: str, depth: int) -> list[Any]:
        least = rules.get("minItems")
        prefix = as_list(rules.get("prefixItems"))[: self._left]
        items = [self.make(item, name, depth - 1) for item in prefix]
        missing = min(least, self._left) - len(items) if isinstance(least, int) else 0
        return items + [self.make(rules.get("items"), name, depth - 1) for _ in range(missing)]


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**as_dict(one["properties"]), **as_dict(other["properties"])}
    if "required" in one and "required" in other:
        merged["required"] = [*as_list(one["required"]), *as_list(other["required"])][:MAX_VALUES]
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
    return "object" if "properties" in rules else "array" if "items" in rules else "null" if rules else "string"


def _string(rules: dict[str, Any], name: str) -> str:
    text = FORMATS.get(as_text(rules.get("format")), f"simulated {name}")
    least, most = rules.get("minLength"), rules.get("maxLength")
    if isinstance(least, int) and least > len(text):
        text = text.ljust(min(least, MAX_VALUES), ".")
    return text[: max(most, 0)] if isinstance(most, int) else text


def _number(rules: dict[str, Any], name: str) -> float | int:
    """The least value: in the range, and a multiple of the step if there is one."""
    low, above, high = (_bound(rules.get(key)) for key in ("minimum", "exclusiveMinimum", "maximum"))
    step = _bound(rules.get("multipleOf"))
    if step and step > 0:
        least = low if low is not None else above if above is not None else step
        return -(-least // step) * step + (step if least == above else 0)
    if above is not None:
        return above + 1
    return low if low is not None else high if high is not None and high < 1 else 1


def _bound(value: object) -> float | int | None:
    """A number that can be reckoned with."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < SAFE_INTEGER
    return value if usable and isinstance(value, int | float) else None


def _boolean(rules: dict[str, Any], name: str) -> bool:
    return False


SCALARS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
}
