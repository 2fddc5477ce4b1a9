"""Tolerant reading of what a client sent: obvious slips pass, nonsense is refused with its place."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.failures import InvalidCall


def as_object(value: Any, where: str) -> dict[str, Any]:
    """An object, or InvalidCall with its place."""
    if isinstance(value, dict):
        return value
    raise InvalidCall(f"{where}: an object is wanted, not {kind_of(value)}", where)


def as_list(value: Any, where: str) -> list[Any]:
    """A list; a single object stands for a list of one, null for none."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    raise InvalidCall(f"{where}: a list is wanted, not {kind_of(value)}", where)


def as_text(value: Any, where: str) -> str:
    """Text; null reads as none."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise InvalidCall(f"{where}: text is wanted, not {kind_of(value)}", where)


def as_number(value: Any, where: str) -> float:
    """A number, also one that is written as text."""
    try:
        if not isinstance(value, bool | list | dict):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise InvalidCall(f"{where}: a number is wanted, not {kind_of(value)}", where)


def as_integer(value: Any, where: str) -> int:
    """A whole number, also one that is written as text or with a fraction of nought."""
    number = as_number(value, where)
    if not number.is_integer():
        raise InvalidCall(f"{where}: a whole number is wanted, not {number}", where)
    return int(number)


def kind_of(value: Any) -> str:
    """What a JSON value is, in words for a client."""
    return KINDS.get(type(value), "a number")


KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    str: "text",
    list: "a list",
    dict: "an object",
}
