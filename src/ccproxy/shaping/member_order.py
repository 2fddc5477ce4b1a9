"""The order of a body's members, which sorted JSON loses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def members_of(value: Any) -> Any:
    """The structure of a JSON value: its members by name, in their order, with null for what is in them."""
    if isinstance(value, Mapping):
        return {name: members_of(each) for name, each in value.items()}
    return [members_of(each) for each in value] if isinstance(value, list) else None


def in_order_of(model: Any, value: Any) -> Any:
    """The same JSON value with members of objects in the order of another, what only it has at the end."""
    if isinstance(model, Mapping) and isinstance(value, Mapping):
        names = [*(name for name in model if name in value), *(name for name in value if name not in model)]
        return {name: in_order_of(model.get(name), value[name]) for name in names}
    if isinstance(model, list) and isinstance(value, list):
        return [in_order_of(model[at] if at < len(model) else None, each) for at, each in enumerate(value)]
    return value
