"""Members of answers by the type they ought to have. What has another type counts as missing."""

from __future__ import annotations

from typing import Any


def words(value: Any) -> str:
    """A string, or none."""
    return value if isinstance(value, str) else ""


def members(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
