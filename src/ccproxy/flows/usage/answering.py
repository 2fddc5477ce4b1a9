"""Which model answered: another than was asked for, where that was out of capacity or is the name of several."""

from __future__ import annotations

from ccproxy.exchange import Exchange, WireFormat
from ccproxy.flows.events import undone, values_in

MODELS = "models/"
VERSION = "modelVersion"
"""https://ai.google.dev/api/generate-content#GenerateContentResponse"""


def answered_model_of(ex: Exchange) -> str | None:
    """The model that answered, by the transport or by what an answer of Gemini's tells; None where neither is known."""
    return ex.answered_model or _told(ex)


def _told(ex: Exchange) -> str | None:
    response, format = ex.provider_response, ex.route.provider_format if ex.route else None
    if response is None or response.status >= 300 or (format or ex.format) is not WireFormat.GEMINI:
        return None
    told = None
    for value in values_in(undone(response.body, response.headers), f'"{VERSION}"'.encode()):
        inner = value.get("response", value) if isinstance(value, dict) else None
        named = inner.get(VERSION) if isinstance(inner, dict) else None
        told = named if isinstance(named, str) and named else told
    return told.removeprefix(MODELS) if told else None
