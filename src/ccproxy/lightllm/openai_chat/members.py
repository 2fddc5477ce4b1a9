"""Members of wire objects, read with an eye for what they must be."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ccproxy.lightllm.failures import InvalidCall


def listed(value: Any, place: str) -> list[Any]:
    """A list, empty for null. Raises InvalidCall."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidCall(f"{place}: a list is expected", place)
    return value


def member(value: Any, place: str) -> dict[str, Any]:
    """An object. Raises InvalidCall."""
    if not isinstance(value, dict):
        raise InvalidCall(f"{place}: an object is expected", place)
    return value


def text_of(part: dict[str, Any], name: str, place: str) -> str:
    """A member that is text, empty for null. Raises InvalidCall."""
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidCall(f"{place}.{name}: text is expected", f"{place}.{name}")
    return value


def details(part: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Metadata of a part or message: its cache marker, and `fields`, what else it has beside the `known` members."""
    fields = {name: value for name, value in part.items() if name not in known and value is not None}
    marker = fields.pop("cache_control", None)
    found: dict[str, Any] = {} if marker is None else {"cache_control": marker}
    if fields:
        found["fields"] = fields
    return found
