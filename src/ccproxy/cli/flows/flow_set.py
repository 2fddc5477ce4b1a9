"""The set of flows that a command is about: archive and daemon together, then the filters, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.flows.reader import FlowReader

type Summary = dict[str, Any]


@dataclass(slots=True)
class FlowSet:
    """What was selected. Exchanges are read when they are asked for, one at a time."""

    reader: FlowReader
    summaries: list[Summary]
    """The oldest first."""
    secrets: bool = False
    """Whether credentials are shown, as far as they were kept."""

    @property
    def ids(self) -> list[str]:
        """Of the flows, in their order."""
        return [flow["id"] for flow in self.summaries]

    def exchange(self, id: str) -> Exchange:
        """One flow, credentials redacted unless `secrets`. Raises CommandError if it is gone or damaged."""
        raise NotImplementedError

    def exchanges(self) -> Iterator[Exchange]:
        """All of them, in their order; those that cannot be read are named on standard error and left out."""
        raise NotImplementedError


def set_options[F: Callable[..., Any]](command: F) -> F:
    """Gives a command the options that select flows. It gets them as one keyword argument, `wanted`: `Wanted`."""
    raise NotImplementedError


def open_set(session: Session, wanted: Any, *, secrets: bool = False) -> FlowSet:
    """The flows that are meant. Raises CommandError: an archive that cannot be read, a filter that is wrong."""
    raise NotImplementedError


def one(session: Session, beginning: str, *, secrets: bool = False) -> Exchange:
    """The one flow whose id begins so. Raises CommandError: there is none, or there are several."""
    raise NotImplementedError
