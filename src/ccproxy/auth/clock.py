"""The clocks that expiry is told by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps (Linux: CLOCK_BOOTTIME; macOS: CLOCK_MONOTONIC), and nobody sets it."""


def _steady() -> float:
    return time.clock_gettime(STEADY)


@dataclass(frozen=True, slots=True)
class Clock:
    """`wall`: seconds since the epoch, as far as this machine knows. `steady`: seconds since some moment."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = _steady
