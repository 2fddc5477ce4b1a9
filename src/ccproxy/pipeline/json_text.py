"""JSON as clients write it: also with halves of surrogate pairs, which orjson neither reads nor writes.

JavaScript writes one where a text was cut within a character (ECMA-262 §25.5.2.2, well-formed JSON.stringify), as an
escape: RFC 8259 §8.2 allows that in its grammar.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_HALF = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""An escape that is half of a pair, together with its other half or alone."""


def read(data: bytes) -> tuple[Any, bool]:
    """The value of a JSON text in UTF-8, and whether there are halves of pairs in it.

    Whether it is JSON, and not nested deeper than others are read, is orjson's word. Raises ValueError that says
    where it is wrong.
    """
    try:
        return orjson.loads(data), False
    except orjson.JSONDecodeError:
        others = _ESCAPE.sub(rb"\\ufffd", data)
        if others == data:
            raise
    orjson.loads(others)
    try:
        return json.loads(data.decode()), True
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write(value: Any) -> bytes:
    """The compact text of a JSON value; where there are halves of pairs, all that is not ASCII as escapes.

    Raises TypeError for what JSON has not, and for what is nested too deeply.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        if not _has_half(value):
            raise
        return _escaped(value, error)


def whole(value: Any) -> Any:
    """The value with U+FFFD, the replacement character, for every half of a pair; itself where there is none.

    For what is said anew in another format, by code that has texts in UTF-8.
    """
    return _whole(value) if _has_half(value) else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _escaped(value: Any, first: TypeError) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:
        raise first from error


def _has_half(value: Any) -> bool:
    """Whether there is such a text in a value. Not recursive: it may be nested deeper than Python can go."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if not one.isascii() and _HALF.search(one):
                return True
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left += one
    return False
