"""The exchanges of one jail that are under way, found by mitmproxy's flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ccproxy.exchange import Exchange, Failure, HttpRequest, Origin, Route
from ccproxy.fronts.interceptor.fingerprints import Tls, no_tls
from ccproxy.fronts.interceptor.native.whole import had_it_all

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.flow import Flow

    from ccproxy.fronts.interceptor.jail import Jail
    from ccproxy.gateway.recorder import Recorder

type Protocol = Literal["http", "dns", "tcp", "udp"]


@dataclass(slots=True)
class Entry:
    """An exchange under way."""

    exchange: Exchange
    client: str
    """The id of mitmproxy's client connection."""
    settle: Callable[[], None] | None = None
    """Puts what is still on its way into the record; called before the exchange ends."""


type Names = Callable[[str], tuple[str, ...]]
"""The names that an address was the answer for, the latest last."""


def no_names(address: str) -> tuple[str, ...]:
    """Where nobody knows."""
    return ()


class Ledger:
    """What the hooks of one jail share."""

    def __init__(self, jail: Jail, recorder: Recorder, names: Names = no_names, tls: Tls = no_tls) -> None:
        self.recorder, self._names, self._tls = recorder, names, tls
        self._jail = jail
        self._open: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(
        self, flow: Flow, request: HttpRequest, destination: Origin, protocol: Protocol = "http", id: str | None = None
    ) -> Entry:
        """A new exchange for a flow; from now on it can be seen."""
        entry = Entry(
            self.exchange(flow.client_conn, request, destination, protocol, id or flow.id), flow.client_conn.id
        )
        self._open[flow.id] = entry
        self.recorder.begin(entry.exchange)
        return entry

    def exchange(
        self, client: Client, request: HttpRequest, destination: Origin, protocol: Protocol, id: str
    ) -> Exchange:
        """The record of something that this jail's program does."""
        known = self._names(destination.host)
        reason = f"nobody claims {destination.host}" + (f", which it looked up as {known[-1]}" if known else "")
        return Exchange(
            request,
            front="jail",
            client=client.peername[:2],
            id=id,
            route=Route("passthrough", None, None, destination, reason),
            jail=self._jail.name,
            process=self._jail.process,
            protocol=protocol,
            destination=destination,
            client_tls=self._tls(client),
        )

    def find(self, flow: Flow) -> Entry | None:
        """The exchange of a flow, if it is ours and under way."""
        return self._open.get(flow.id)

    def finish(self, flow: Flow, failure: Failure | None = None) -> None:
        """Ends the exchange of a flow, if it is ours and under way."""
        entry = self._open.pop(flow.id, None)
        if entry is not None:
            self._close(entry, failure)

    def abandon(self, client: str, why: Callable[[Exchange], Failure | None]) -> None:
        """Ends what is still under way of a connection that is gone."""
        for key in [key for key, entry in self._open.items() if entry.client == client]:
            entry = self._open.pop(key)
            self._close(entry, why(entry.exchange))

    def _close(self, entry: Entry, failure: Failure | None) -> None:
        if entry.settle is not None:
            entry.settle()
        if failure is not None and failure.kind == "client_gone" and had_it_all(entry.exchange):
            failure = None
        if failure is not None and failure.kind == "blocked":
            # It went nowhere, whatever was to become of it.
            entry.exchange.route = Route("local", None, None, None, "a rule about hosts ended it")
        self.recorder.finish(entry.exchange, failure)
