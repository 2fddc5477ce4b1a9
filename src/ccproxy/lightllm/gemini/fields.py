"""Members of proto3 JSON, whose names may be camelCase or snake_case and whose numbers may be text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SNAKE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    """The lowerCamelCase form of a member's name; a name that already has it stays as it is."""
    return SNAKE.sub(lambda match: match[1].upper(), name) if "_" in name else name


def camelled(value: Any) -> dict[str, Any]:
    """An object's members that are set, their own names (no deeper ones) in camelCase; nothing if it is no object."""
    if not isinstance(value, Mapping):
        return {}
    return {camel(name): member for name, member in value.items() if member is not None}


MOST_DIGITS = 19
"""A longer number does not fit into 64 bits."""


def number(value: Any) -> Any:
    """A number that may have come as text, as proto3 JSON writes int64."""
    if isinstance(value, str):
        try:
            return int(value) if len(value) < MOST_DIGITS else float(value)
        except ValueError:
            try:
                return float(value)
            except ValueError:
                return value
    return value


def listed(value: Any) -> list[Any]:
    """A list; what stands alone as one, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
