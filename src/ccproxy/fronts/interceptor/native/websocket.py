"""WebSockets: messages pass and are noted, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.exchange import Failure, Message
from ccproxy.fronts.interceptor.native.tee import Messages

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow

    from ccproxy.fronts.interceptor.native.ledger import Ledger

ABNORMAL = 1006
"""The connection ended without a closing handshake (RFC 6455 §7.1.5)."""


class WebSocketHooks:
    """The hooks of flows that became WebSockets."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._notes: dict[str, Messages] = {}

    def websocket_start(self, flow: HTTPFlow) -> None:
        """The handshake is done."""
        entry = self._ledger.find(flow)
        if entry is not None and (record := entry.exchange.websocket) is not None:
            self._notes[flow.id] = Messages(record, self._ledger.recorder.body_limit)
            entry.settle = lambda: self._forget(flow.id)

    def websocket_message(self, flow: HTTPFlow) -> None:
        """A message came; mitmproxy need not keep it, so that a long conversation takes no more than its record."""
        notes = self._notes.get(flow.id)
        if notes is None or flow.websocket is None:
            return
        for came in flow.websocket.messages:
            notes.note(Message(came.from_client, came.content, came.timestamp, came.is_text))
        flow.websocket.messages.clear()

    def websocket_end(self, flow: HTTPFlow) -> None:
        """Either side has closed it."""
        entry, socket = self._ledger.find(flow), flow.websocket
        if entry is None or socket is None:
            return
        if (record := entry.exchange.websocket) is not None:
            record.close_code, record.closed_by_client = socket.close_code, socket.closed_by_client
        lost = socket.close_code == ABNORMAL and not socket.closed_by_client
        why = f"{entry.exchange.destination} broke off: no closing handshake"
        self._ledger.finish(flow, Failure("upstream_broke", why) if lost else None)

    def _forget(self, key: str) -> None:
        self._notes.pop(key, None)
