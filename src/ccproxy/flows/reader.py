"""How flows are read, wherever they are: in an archive, in a daemon's memory, in a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from ccproxy.exchange import Exchange
from ccproxy.flows.selection import Selection


class ArchiveError(Exception):
    """An archive that cannot be used. `fix` says what to do, for people."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class FlowMissing(Exception):
    """There is no flow with this id."""


class FlowDamaged(Exception):
    """A flow that is there but cannot be read whole: the message says which part, and that the others are not hurt."""


class FlowReader(Protocol):
    """Reads flows. Every method may raise ArchiveError."""

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """The flows that were selected, the oldest first, as `summarize` tells them."""

    def find(self, beginning: str, most: int = 6) -> Sequence[str]:
        """The ids that begin so, the oldest first; at most `most`."""

    def exchange(self, id: str) -> Exchange:
        """All of one flow. Raises FlowMissing and FlowDamaged."""

    def delete(self, ids: Collection[str]) -> int:
        """Forgets these, as far as they are there; returns how many there were."""
