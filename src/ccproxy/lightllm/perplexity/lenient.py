"""JSON whose texts are no Unicode: half a surrogate pair, or bytes that are no UTF-8.

A replacement character stands for what cannot be read, so that one character of one event costs no answer.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def loads(data: bytes) -> Any:
    """Reads a document. Raises json.JSONDecodeError for what is no JSON even so."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            read = json.dumps(json.loads(data.decode("utf-8", "replace")), ensure_ascii=False)
            return orjson.loads(read.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except (ValueError, RecursionError):
            raise error from None
