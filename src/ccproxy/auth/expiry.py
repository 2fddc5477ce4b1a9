"""The forms in which credential files say when a token is over."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

MILLISECONDS_FROM = 100_000_000_000
"""As seconds this would be the year 5138, as milliseconds it is 1973."""
SECONDS_FROM = 100_000_000
"""Less than this (1973) is only written to say that a token is over, and shows no unit."""
LATEST = 253_402_300_799.0
"""Seconds since the epoch at the end of the year 9999, the last that ISO 8601 writes with four digits."""


def epoch(value: object) -> float | None:
    """Seconds since the epoch, from seconds, milliseconds, the same as text, or ISO 8601; None for anything else."""
    if isinstance(value, str):
        text = value.strip()
        number = _number(text)
        return _moment(text) if number is None else _seconds(number)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _seconds(value)
    return None


def like(former: object, seconds: float, fallback: Callable[[float], Any]) -> Any:
    """A moment in the form of `former`; in that of `fallback` if that was no moment."""
    moment = epoch(former)
    if moment is None or moment < SECONDS_FROM:
        return fallback(seconds)
    number = _number(str(former).strip())
    if number is None:
        return zulu(seconds)
    written = milliseconds(seconds) if number >= MILLISECONDS_FROM else int(seconds)
    return str(written) if isinstance(former, str) else written


def milliseconds(seconds: float) -> int:
    """A moment in milliseconds since the epoch, as JavaScript counts."""
    return int(seconds * 1000)


def zulu(seconds: float) -> str:
    """A moment as RFC 3339 has it, in UTC, with microseconds."""
    moment = datetime.fromtimestamp(min(max(seconds, 0.0), LATEST), UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _seconds(number: float) -> float | None:
    try:
        seconds = number / 1000 if number >= MILLISECONDS_FROM else float(number)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
