"""TCP connections and UDP conversations of no protocol that is known: pieces pass and are noted.

Where TLS was taken off, the pieces are what was inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ccproxy.exchange import Failure, HttpRequest, Message, Origin, RawRecord
from ccproxy.fronts.interceptor.native.failures import NOT_SENT
from ccproxy.fronts.interceptor.native.tee import Messages

if TYPE_CHECKING:
    from mitmproxy.connection import Client, Server
    from mitmproxy.tcp import TCPFlow
    from mitmproxy.udp import UDPFlow

    from ccproxy.fronts.interceptor.native.failures import Causes
    from ccproxy.fronts.interceptor.native.ledger import Ledger

    type RawFlow = TCPFlow | UDPFlow

RAW_LIMIT = 1024 * 1024
"""Bytes of one connection that are kept at most: what a copy over SSH brings is of no use to anybody."""


class RawHooks:
    """The hooks of TCP and UDP flows."""

    def __init__(self, ledger: Ledger, causes: Causes) -> None:
        self._ledger, self._causes = ledger, causes
        self._notes: dict[str, Messages] = {}

    def tcp_start(self, flow: TCPFlow) -> None:
        """A connection begins."""
        self._start(flow, "tcp")

    def udp_start(self, flow: UDPFlow) -> None:
        """A conversation begins."""
        self._start(flow, "udp")

    def tcp_message(self, flow: RawFlow) -> None:
        """A piece came; mitmproxy need not keep it."""
        entry, notes = self._ledger.find(flow), self._notes.get(flow.id)
        if entry is None or notes is None or (record := entry.exchange.raw) is None:
            return
        for came in flow.messages:
            count(record, came.from_client, len(came.content))
            notes.note(Message(came.from_client, came.content, came.timestamp))
        flow.messages.clear()

    udp_message = tcp_message

    def tcp_end(self, flow: RawFlow) -> None:
        """It has ended."""
        self._ledger.finish(flow)

    udp_end = tcp_end

    def tcp_error(self, flow: RawFlow) -> None:
        """It did not come about."""
        entry = self._ledger.find(flow)
        if entry is not None and entry.exchange.destination is not None:
            failure: Failure = self._causes.failure(flow, entry.exchange.destination)
            if failure.kind in NOT_SENT:
                entry.exchange.forwarded = None
            self._ledger.finish(flow, failure)

    udp_error = tcp_error

    def _start(self, flow: RawFlow, protocol: Literal["tcp", "udp"]) -> None:
        origin = origin_of(protocol, flow.client_conn, flow.server_conn)
        entry = self._ledger.begin(flow, called(protocol, origin), origin, protocol)
        entry.exchange.forwarded = entry.exchange.request
        record = entry.exchange.raw = RawRecord()
        self._notes[flow.id] = Messages(record, min(RAW_LIMIT, self._ledger.recorder.body_limit))
        entry.settle = lambda: self._forget(flow.id)

    def _forget(self, key: str) -> None:
        self._notes.pop(key, None)


def origin_of(scheme: str, client: Client, server: Server) -> Origin:
    """Where a connection goes: by name if its TLS told one, else by address."""
    host, port = server.address[:2] if server.address else ("", 0)
    return Origin(scheme, client.sni or host, port)


def called(protocol: str, origin: Origin) -> HttpRequest:
    """What stands for a request: `TCP 192.0.2.1:22`."""
    return HttpRequest(protocol.upper(), origin.authority.encode("utf-8", "replace"), [], http_version="")


def count(record: RawRecord, from_client: bool, size: int) -> None:
    """Adds to what passed."""
    if from_client:
        record.sent += size
    else:
        record.received += size
