"""Changing one value of a JSON body and nothing else."""

from __future__ import annotations

import re
from typing import Any

import orjson

MODEL_KEY = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')


def replace_model(body: bytes, document: dict[str, Any], model: str) -> bytes:
    """The body with its top-level `model` replaced and all other bytes kept.

    Each place that looks like the member is tried, and the one is taken that changes the parsed document just so.
    A body without a `model` is written anew.

    Args:
        body: valid JSON.
        document: the same, parsed.
        model: the new value.
    """
    wanted = document | {"model": model}
    member = b'"model":' + orjson.dumps(model)
    for match in MODEL_KEY.finditer(body):
        changed = body[: match.start()] + member + body[match.end() :]
        if orjson.loads(changed) == wanted:
            return changed
    return orjson.dumps(wanted)
