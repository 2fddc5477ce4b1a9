"""Events that are not as they should be: what only keeps a connection alive, and text that is no Unicode."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from ccproxy.lightllm.depth import too_deep
from ccproxy.lightllm.failures import Malformed

NAMELESS = frozenset({b"", b"message"})
"""Names of events whose name says nothing (WHATWG HTML §9.2.6)."""

WORD = re.compile(rb"[\w .:-]{0,64}")


def keeps_alive(name: bytes, data: bytes) -> bool:
    """True for an event that need not be JSON: another name than this API's, or no name and just a word or a number.

    Seen of servers and gateways: `event: ping` with empty data, `data: ping`.
    """
    if name in NAMELESS:
        return WORD.fullmatch(data) is not None
    return name != b"error" and not name.startswith(b"response.")


def read_object(data: bytes) -> dict[str, Any]:
    """An event's object. Surrogates without their other half stay as they are, bytes that are no UTF-8 are replaced.

    Raises Malformed for what is no JSON, is no object, or is nested too deeply.
    """
    if too_deep(data):
        raise Malformed("the provider sent an event that is nested too deeply")
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        event = _read_anyhow(data, error)
    if not isinstance(event, dict):
        raise Malformed("the provider sent an event that is not an object")
    return event


def read_text(data: bytes) -> dict[str, Any]:
    """The same with no surrogates left: what comes of it can be written as UTF-8. Raises Malformed."""
    event = read_object(data)
    return without_surrogates(event) if b"\\ud" in data or b"\\uD" in data else event


def without_surrogates(value: Any) -> Any:
    """A value as JSON has it, U+FFFD in place of surrogates without their other half."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return orjson.loads(text)


def write_anyhow(value: Any) -> bytes:
    """A value as JSON, escapes in place of surrogates. Raises Malformed for what cannot be written."""
    try:
        return orjson.dumps(value)
    except TypeError:
        pass
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"the provider's answer cannot be written: {error}") from error


def _read_anyhow(data: bytes, error: ValueError) -> Any:
    try:
        return json.loads(data.decode("utf-8", "replace"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Malformed(f"the provider sent an event that is not JSON: {error}") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is too large")
    return value
