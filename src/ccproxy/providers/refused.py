"""A credential that its provider did not take."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refused:
    """One for which there was no other to be had when it was refused with 401."""

    token: str = field(repr=False)
    moment: float
    """When it was so the last time, in seconds since the epoch."""
    why: str
    """Why there was no other."""
