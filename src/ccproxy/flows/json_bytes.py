"""JSON that is written whatever strings are in it, and read whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumped(value: Any) -> bytes:
    """Compact JSON in UTF-8. What no UTF-8 has, lone surrogates, becomes a question mark."""
    try:
        return orjson.dumps(value)
    except TypeError:  # orjson's JSONEncodeError: lone surrogates, numbers of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def parsed(data: bytes) -> Any:
    """The value of a JSON text, with or without a byte order mark. Raises ValueError that says where it is wrong."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except ValueError:
        pass  # lone surrogates, which JavaScript writes, are nothing to it
    try:
        return json.loads(data, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
