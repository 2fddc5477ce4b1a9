"""How long to wait before a request is sent again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from ccproxy.exchange import Headers, get_header

FIRST_PAUSE = 0.5
"""Seconds before the second attempt, doubled for each after it, where the provider names no time."""


def pause(headers: Headers, number: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after answer `number`: what `retry-after` says, or longer each time."""
    said = told(headers)
    return said if said is not None else jittered(FIRST_PAUSE, number, chance)


def jittered(first: float, number: int, chance: Callable[[], float]) -> float:
    """Seconds before a repetition, counted from 1: doubled each time, and up to half of it left out by chance."""
    full: float = first * 2 ** (number - 1)
    return full * (0.5 + chance() / 2)


def spoken(seconds: float) -> str:
    """A pause as a person reads it."""
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def told(headers: Headers) -> float | None:
    """The seconds that `retry-after` says (RFC 9110 §10.2.3); None if it says none."""
    return retry_after((get_header(headers, b"retry-after") or b"").decode("latin-1").strip())


def retry_after(text: str) -> float | None:
    """The seconds of a `retry-after` field; None if it says none."""
    if text.replace(".", "", 1).isdigit() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
