"""Renewing in time what is in use, also while nobody asks: so that no request waits, and no other program has to."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

SHORTEST_SECONDS = 0.1


class Ahead:
    """A clock for one credential. It strikes only if the credential has been used since it was last renewed.

    Args:
        on_due: called when it is time to look whether it is to be renewed.
    """

    def __init__(self, on_due: Callable[[], object]) -> None:
        self.used = False
        """Set by whoever hands the credential out."""
        self._on_due = on_due
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """In how many seconds it is time. Replaces what was set before."""
        self.stop()
        if math.isfinite(seconds):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(seconds, SHORTEST_SECONDS), self._strike)

    def stop(self) -> None:
        """It will not strike."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _strike(self) -> None:
        self._timer = None
        if self.used:
            self._on_due()
