"""Moments as text."""

from __future__ import annotations

import math
from datetime import UTC, datetime

LAST = 253_402_300_799.0
"""The end of the year 9999: there is no later ISO 8601 date of four-digit years."""


def iso(seconds: float, timespec: str = "milliseconds") -> str:
    """Seconds since the epoch as ISO 8601 in UTC. What no date can be (files are made up) is told as the nearest."""
    bounded = 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LAST)
    return datetime.fromtimestamp(bounded, UTC).isoformat(timespec=timespec)
