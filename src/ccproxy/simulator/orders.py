"""What the markers of a prompt order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .capacity import Busy


@dataclass(slots=True)
class ToolOrder:
    """One `SIM_TOOL`: which tool, with which arguments; all of it may be left open."""

    name: str | None = None
    arguments: dict[str, Any] | None = None
    path: str | None = None


@dataclass(slots=True)
class Orders:
    """What the markers of a turn ask for. Counts `n` are numbers of deltas; None means not asked."""

    tools: list[ToolOrder] = field(default_factory=list)
    think: bool = False
    error: int | None = None
    error_after: int | None = None
    cut_after: int | None = None
    reset_after: int | None = None
    stall: float = 0.0
    stall_after: int = 0
    pace: float = 0.0
    """Seconds between events."""
    words: int | None = None
    echo: bool = False
    refuse: bool = False
    stop: str | None = None
    json: bool = False
    code: bool = False
    ground: bool = False
    image: bool = False
    busy: list[Busy] = field(default_factory=list)
