"""Errors as they come: each API's own form, and what compatible servers and the servers behind them make of it.

Sources: docs.anthropic.com/en/api/errors, platform.openai.com/docs/guides/error-codes,
cloud.google.com/apis/design/errors (google.rpc.Code, RetryInfo); FastAPI's `detail`, Mistral's `message`, OpenRouter's
and Ollama's plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.waits import seconds_of

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "out_of_range": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "usage_not_included": 403,
    "not_found_error": 404,
    "not_found": 404,
    "model_not_found": 404,
    "conflict_error": 409,
    "aborted": 409,
    "already_exists": 409,
    "request_too_large": 413,
    "rate_limit": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "usage_limit_reached": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "tokens": 429,
    "requests": 429,
    "cancelled": 499,
    "unimplemented": 501,
    "not_implemented_error": 501,
    "unavailable": 503,
    "service_unavailable": 503,
    "service_unavailable_error": 503,
    "server_is_overloaded": 503,
    "engine_overloaded": 503,
    "slow_down": 503,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "vector_store_timeout": 504,
    "overloaded": 529,
    "overloaded_error": 529,
}
"""The status that a token in lower case would have had before a stream. What is not here is 500."""

USED_UP = "QUOTA_EXHAUSTED"
"""Google's reason for a 429 that no waiting of minutes ends (google.rpc.ErrorInfo)."""
A_DAYS = ("PerDay", "Daily")
"""In the ids of quotas that are of a day (google.rpc.QuotaFailure), which says the same."""

WORDS = ("message", "detail", "msg", "error", "error_message", "error_description", "title")
"""Where an error has its words."""

ANSWERS = frozenset({"choices", "candidates", "content", "output"})
"""A document with one of these is an answer, whatever else it holds."""


def read_error(document: Any, status: int, origin: WireFormat) -> WireError | None:
    """The error that a body or an event holds; None if it does not look like one.

    Args:
        document: JSON, or text.
        status: the HTTP status. Below 400, as within a stream, the error's own tokens tell what it would have been.
        origin: whose error it is.
    """
    if isinstance(document, list):
        found = (read_error(entry, status, origin) for entry in document)
        return next((error for error in found if error is not None), None)
    fields = error_fields(document)
    return _error(fields, status, origin) if fields is not None else None


def error_fields(document: Any) -> Mapping[str, Any] | None:
    """The object that says what was wrong; None if there is none."""
    if isinstance(document, str):
        return {"message": document} if document.strip() else None
    if not isinstance(document, dict):
        return None
    response = document.get("response")
    inner = document.get("error") or document.get("errors") or (isinstance(response, dict) and response.get("error"))
    if isinstance(inner, dict) and inner:
        outer = {name: value for name in ("type", "message") if _token(value := document.get(name))}
        return outer | inner
    if inner:
        return {**document, "message": words(document.get("message")) or words(inner) or str(inner)}
    if ANSWERS & document.keys():
        return None
    named = document.get("type") == "error" or any(document.get(name) for name in WORDS)
    return document if named else None


def _error(fields: Mapping[str, Any], status: int, origin: WireFormat) -> WireError:
    google = origin is WireFormat.GEMINI
    named = [_token(fields.get(name)) for name in (("status", "type") if google else ("type", "status"))]
    kind = next((token for token in named if token), "")
    details = fields.get("details")
    details = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    code = _code(fields.get("code"), google) or _used_up(details) or _first(details, "reason")
    told = next((text for name in WORDS if (text := words(fields.get(name)))), "")
    return WireError(
        status if status >= 400 else status_of(fields, kind, code),
        told or kind or code or orjson.dumps(fields, default=str).decode(),
        kind,
        code,
        param if isinstance(param := fields.get("param"), str) else None,
        origin,
        seconds_of(_first(details, "retryDelay") or ""),
    )


def is_used_up(error: WireError) -> bool:
    """True for Google's word that a quota, and not only a minute's, is used up. OpenAI has another word for that."""
    return error.status == 429 and error.code == USED_UP and error.origin is WireFormat.GEMINI


def _used_up(details: list[dict[str, Any]]) -> str | None:
    listed = (entry["violations"] for entry in details if isinstance(entry.get("violations"), list))
    quotas = (str(one.get("quotaId")) for found in listed for one in found if isinstance(one, dict))
    return USED_UP if any(mark in quota for quota in quotas for mark in A_DAYS) else None


def status_of(fields: Mapping[str, Any], kind: str, code: str | None) -> int:
    """The HTTP status of an error without one."""
    for name in ("code", "status_code", "status"):
        number = str(fields.get(name))
        if number.isdecimal() and 400 <= int(number) <= 599:
            return int(number)
    return STATUSES.get((code or "").lower()) or STATUSES.get(kind.lower()) or 500


def words(value: Any) -> str:
    """A message as text. Servers that check requests by pydantic send a list of objects with `loc` and `msg`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(words, value)))
    if not isinstance(value, dict):
        return ""
    told = next((text for name in WORDS if (text := words(value.get(name)))), "")
    place = value.get("loc")
    return f"{'.'.join(map(str, place))}: {told}" if isinstance(place, list) and told else told


def _token(value: Any) -> str:
    return value if isinstance(value, str) and value != "error" and not value.isdecimal() else ""


def _code(value: Any, google: bool) -> str | None:
    """A code as text. Google's is the HTTP status."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return None if google and str(value).isdecimal() else str(value)


def _first(details: list[dict[str, Any]], name: str) -> str | None:
    return next((entry[name] for entry in details if isinstance(entry.get(name), str)), None)
