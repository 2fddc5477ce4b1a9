"""Objects of an answer, whose names may be `camelCase` or `snake_case`: compatible servers send either."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.fields import camelled


def camel(value: dict[str, Any]) -> dict[str, Any]:
    """An object with its own names in `camelCase`; as it is, where they are."""
    return camelled(value) if "_" in "".join(value) else value


def member(value: dict[str, Any], name: str) -> dict[str, Any]:
    """An object in an object, its names in `camelCase`; empty if there is none."""
    inner = value.get(name)
    return camel(inner) if isinstance(inner, dict) else {}


def members(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in an object, their names in `camelCase`; empty if there is none."""
    inner = value.get(name)
    return [camel(item) for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []
