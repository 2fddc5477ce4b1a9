"""The model of one captured request, where header fields name it: other requests ask for others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Header, Headers
from ccproxy.shaping.shape import MODEL

_IN_PATH = re.compile(r"/models/([^/:?#]+):")
"""Gemini's way (https://ai.google.dev/api/generate-content)."""


def model_of(url: str, body: Mapping[str, Any], profile: ShapeProfile) -> str | None:
    """The model that a request asks for: by its body, also where that wraps the call, or else by its path."""
    wrapped = body.get(profile.wrapped_in) if profile.wrapped_in else None
    inner = wrapped if isinstance(wrapped, dict) else {}
    named = next((each for each in (body.get("model"), inner.get("model")) if isinstance(each, str) and each), None)
    found = _IN_PATH.search(url)
    return named or (unquote(found[1]) if found else None)


def without_model(headers: Headers, model: str | None) -> Headers:
    """The fields with a placeholder for the model where one names it, as a word of its own; User-Agent says who asks,
    and stays."""
    if not model or not model.isascii():
        return headers
    word = re.compile(rb"(ccproxy:[a-z-]+)|(?<![\w.-])%b(?![\w-]|\.\w)" % re.escape(model.encode()))
    return [_placed(header, word) for header in headers]


def _placed(header: Header, word: re.Pattern[bytes]) -> Header:
    name, value = header
    if name.lower() == b"user-agent":
        return header
    return name, word.sub(lambda found: found[1] or MODEL.encode(), value)
