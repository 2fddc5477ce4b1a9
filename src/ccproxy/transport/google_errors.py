"""What Google says in the body of an error: google.rpc.Status as JSON (https://cloud.google.com/apis/design/errors).

A stream that would have been a JSON array has the error in an array too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
"""In seconds. Google writes `3.5s`; other servers and the texts of messages have the others too, as in `1m30s`."""
BARE = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII)
PART = re.compile(rf"({BARE.pattern})\s*(ms|s|m|h)(?![a-z])\s*", re.ASCII)
PARTS = re.compile(rf"(?:{PART.pattern})+", re.ASCII)
BEYOND = re.compile(r"\.?\d[\d.]*\s*[a-z]", re.ASCII)
"""How a duration begins that has a unit of another kind: days, weeks."""
RETRY_IN = re.compile(rf"retry in ({PARTS.pattern})", re.ASCII | re.IGNORECASE)
NONE_ALLOWED = re.compile(r"limit:\s*0(?!\.?\d)", re.IGNORECASE)
"""A quota of nothing, as that of a model that an account may not use at all."""
USED_UP = frozenset({"QUOTA_EXHAUSTED", "INSUFFICIENT_G1_CREDITS_BALANCE"})
"""Reasons (google.rpc.ErrorInfo) that a pause does not mend."""
A_DAYS = ("PerDay", "Daily")
"""In the name of a quota."""


class NotJson(Exception):
    """A body is no JSON: Google's front ends answer with HTML where nothing is behind them."""


@dataclass(frozen=True, slots=True)
class GoogleError:
    """One error. `status` is the word of google.rpc.Code, empty where there is none."""

    code: int | None = None
    status: str = ""
    message: str = ""
    details: list[dict[str, Any]] = field(default_factory=list)

    @property
    def told_delay(self) -> float | None:
        """The seconds of google.rpc.RetryInfo."""
        said = (seconds(detail.get("retryDelay")) for detail in self._details("RetryInfo"))
        return next((each for each in said if each is not None), None)

    @property
    def written_delay(self) -> float | None:
        """The seconds that the message asks to wait for."""
        found = RETRY_IN.search(self.message)
        return seconds(found[1]) if found is not None else None

    @property
    def is_lasting(self) -> bool:
        """True where no pause helps, only another model."""
        if any(_text(detail.get("reason")) in USED_UP for detail in self._details("ErrorInfo")):
            return True
        if any(word in quota for quota in self._quotas() for word in A_DAYS):
            return True
        return NONE_ALLOWED.search(self.message) is not None

    def _quotas(self) -> Iterator[str]:
        for detail in self._details("QuotaFailure"):
            violations = detail.get("violations")
            for violation in violations if isinstance(violations, list) else []:
                yield _text(violation.get("quotaId")) if isinstance(violation, dict) else ""

    def _details(self, kind: str) -> Iterator[dict[str, Any]]:
        return (detail for detail in self.details if _text(detail.get("@type")).endswith(kind))


def read_error(body: bytes) -> GoogleError | None:
    """The error of a body; None for JSON that is none of Google's errors. Raises NotJson."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    for item in document if isinstance(document, list) else [document]:
        if isinstance(item, dict) and isinstance(said := item.get("error"), dict):
            return _error(said)
    return None


def is_error(body: bytes) -> bool:
    """True for a body that is one of Google's errors, and whole."""
    try:
        return read_error(body) is not None
    except NotJson:
        return False


def seconds(said: object) -> float | None:
    """A duration in seconds, infinite where its unit is not known; None for what is none, or negative."""
    match said:
        case bool():
            return None
        case int() | float():
            return _number(said)
        case str():
            text = said.strip().lower()
            if BARE.fullmatch(text):
                return float(text)
            if PARTS.fullmatch(text):
                return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))
            if BEYOND.match(text):
                return inf
    return None


def _number(said: float) -> float | None:
    try:
        return float(said) if said >= 0 else None  # which NaN is not either
    except OverflowError:
        return inf


def _error(said: dict[str, Any]) -> GoogleError:
    code, status, message, details = (said.get(name) for name in ("code", "status", "message", "details"))
    return GoogleError(
        code if isinstance(code, int) else None,
        _text(status),
        _text(message),
        [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else [],
    )


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
