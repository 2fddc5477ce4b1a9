"""Times in answers: seconds since the epoch."""

from __future__ import annotations

from typing import Any

LATEST = 2**40
"""Some tens of thousands of years: what is beyond it is no time."""


def seconds(value: Any) -> int | None:
    """A time that a provider told, in whole seconds; None if it told none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LATEST:
        return int(value) or None
    return None
