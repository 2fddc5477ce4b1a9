"""Arguments of tool calls: objects in Anthropic's and Gemini's formats, JSON text in OpenAI's."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.lightllm.depth import too_deep
from ccproxy.lightllm.drops import Drops


def arguments_object(arguments: Any, drops: Drops) -> dict[str, Any]:
    """Arguments as an object. Text that is not one is kept whole as the member `arguments`; `null` is no arguments."""
    if arguments is None or _is_blank(arguments):
        return {}
    if isinstance(arguments, dict):
        return arguments
    value = arguments
    if isinstance(arguments, str) and not too_deep(arguments.encode("utf-8", "replace")):
        try:
            value = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            value = arguments
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    drops.add("invalid_arguments")
    return {"arguments": value}


def arguments_json(arguments: Any) -> str:
    """Arguments as JSON text; text stays as it is."""
    if arguments is None or _is_blank(arguments):
        return "{}"
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def _is_blank(arguments: Any) -> bool:
    return isinstance(arguments, str) and not arguments.strip()
