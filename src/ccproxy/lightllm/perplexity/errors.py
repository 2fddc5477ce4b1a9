"""Errors of the web application: events of a stream that say that there will be no answer, and bodies.

Its own form is `{"status": "FAILED", "error_code", "error_message" or "text"}`; the server behind it is FastAPI, which
says `{"detail": …}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.openai_chat import errors as openai

FAILED = frozenset({"FAILED", "ERROR", "BLOCKED", "CANCELLED", "CANCELED"})
"""Values of `status` by which an answer has failed."""

STATUSES: Mapping[str, int] = {
    "rate_limit": 429,
    "rate-limit": 429,
    "quota": 429,
    "too_many": 429,
    "unauthorized": 401,
    "unauthenticated": 401,
    "not_logged_in": 401,
    "session": 401,
    "login": 401,
    "forbidden": 403,
    "permission": 403,
    "upgrade": 403,
    "subscription": 403,
    "not_pro": 403,
    "not_found": 404,
    "invalid": 400,
    "too_long": 413,
    "too_large": 413,
    "overloaded": 503,
    "unavailable": 503,
    "timeout": 504,
}
"""The status that a code would have had before the stream, by what it contains; of others it is 502."""

EMPTY_CODE = "empty_answer"
"""The code of the error that a stream is which ends without an answer."""
WORDS = ("error_message", "error", "detail", "message", "text", "errors")
"""Where an error has its words."""

ANSWERS = frozenset({"blocks", "backend_uuid"})


def read_event_error(event: Mapping[str, Any], name: bytes = b"") -> WireError | None:
    """The error that an event of a stream is; None if it is none."""
    code, status = event.get("error_code"), event.get("status")
    failed = bool(code) or name == b"error" or (isinstance(status, str) and status.upper() in FAILED)
    told = any(event.get(each) for each in ("error", "errors", "error_message", "detail"))
    return _error(event, 0) if failed or (told and ANSWERS.isdisjoint(event)) else None


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body holds (`error_reading.read_error`)."""
    if isinstance(document, dict):
        own = {"error_code", "error_message", "detail", "text"} & document.keys()
        if own and (status >= 400 or read_event_error(document) is not None):
            return _error(document, status)
    return error_reading.read_error(document, status, WireFormat.PERPLEXITY)


def write_error(error: WireError) -> dict[str, Any]:
    """An error body: no client speaks this format, so in the form that most do."""
    return openai.write_error(error)


def _error(event: Mapping[str, Any], status: int) -> WireError:
    code = event.get("error_code")
    code = str(code) if isinstance(code, str | int) and code else None
    found = (error_reading.words(event.get(name)) for name in WORDS)
    told = next((text for text in found if text and not text.startswith("[{")), "")  # `text` may be a list of steps
    status = status if 400 <= status < 600 else _status(event, code or told)
    told = told or code or "the web application failed without saying why"
    return WireError(status, told, code or "", code, origin=WireFormat.PERPLEXITY)


def _status(event: Mapping[str, Any], token: str) -> int:
    for name in ("error_code", "status_code", "code", "status"):
        number = str(event.get(name))
        if number.isascii() and number.isdecimal() and 400 <= int(number[:9]) <= 599:
            return int(number)
    token = token.lower().replace(" ", "_")
    return next((status for part, status in STATUSES.items() if part in token), 502)
