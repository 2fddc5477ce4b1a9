"""How long a provider wants its clients to wait, as its errors tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping

UNITS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
"""In seconds. A google.protobuf.Duration in JSON is `3.5s`; `850ms`, `1m30s` and bare numbers have been seen too."""

LENGTH = re.compile(r"([0-9.]+)(ms|[smh]?)")

LONGEST_WAIT = 366 * 86_400.0
"""Seconds. A longer wait is none that anybody means."""


def seconds_of(delay: str) -> float | None:
    """A length of time that a text is; None for other texts."""
    found = LENGTH.findall(delay)
    if not found or "".join(number + unit for number, unit in found) != delay:
        return None
    try:
        wait = sum(float(number) * UNITS[unit] for number, unit in found)
    except ValueError:
        return None
    return wait if wait <= LONGEST_WAIT else None


def duration(seconds: float) -> str:
    """Seconds as a google.protobuf.Duration."""
    return f"{seconds:.3f}".rstrip("0").removesuffix(".") + "s"
