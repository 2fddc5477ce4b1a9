"""Why a native flow did not end well.

mitmproxy tells that in words only, and not always whose fault it was; so what its connections say is noted as they say
it, and found again in the words.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error

from ccproxy.exchange import Exchange, Failure, Origin
from ccproxy.fronts.interceptor.handover import BLOCKED

if TYPE_CHECKING:
    from mitmproxy.flow import Flow

REASON = "blocked: "
"""What the words of a policy begin with where it had only words (an error of a connection)."""
NAME_NOT_FOUND = ("[Errno -", "nodename nor servname")
"""How the system's resolver fails: on Linux by a negative number, on macOS in words."""
NOT_SENT = frozenset({"blocked", "connect", "dns", "tls"})
"""The kinds after which a request has not left."""
REMEMBERED = 8
CLIENT_LEFT = ("Client disconnected", "stream reset by client (CANCEL)")
"""mitmproxy says "by client" of either side's resets; that a provider cancels an answer is rare."""

WORDS = {
    "connect": "no connection to {origin}: {text}",
    "dns": "the name of {origin} was not found: {text}",
    "tls": "no TLS with {origin}: {text}",
    "upstream_broke": "{origin} broke off: {text}",
    "client_gone": "the client closed its connection before the answer was complete",
    "killed": "ended by hand",
}


class Causes:
    """What connections to servers have said, by the client's connection that they were for."""

    def __init__(self) -> None:
        self._said: dict[str, deque[tuple[str, str]]] = {}

    def note(self, client: str, kind: str, text: str | None) -> None:
        """A connection failed."""
        if text:
            self._said.setdefault(client, deque(maxlen=REMEMBERED)).append((kind, text))

    def forget(self, client: str) -> None:
        """The client is gone."""
        self._said.pop(client, None)

    def failure(self, flow: Flow, destination: Origin) -> Failure:
        """Why this flow failed."""
        text = flow.error.msg if flow.error is not None else ""
        if (reason := flow.metadata.get(BLOCKED)) is not None:
            return Failure("blocked", str(reason))
        if REASON in text:
            return Failure("blocked", text.partition(REASON)[2])
        kind = self._kind(flow, text)
        return Failure(kind, WORDS[kind].format(origin=destination, text=text))

    def _kind(self, flow: Flow, text: str) -> str:
        for kind, said in reversed(self._said.get(flow.client_conn.id, ())):
            if said in text:
                return kind
        if text == Error.KILLED_MESSAGE:
            return "killed"
        left = not flow.client_conn.state & ConnectionState.CAN_READ
        return "client_gone" if left or text.startswith(CLIENT_LEFT) else "upstream_broke"


def connect_kind(text: str | None) -> str:
    """What kept a connection from coming about."""
    return "dns" if text and text.startswith(NAME_NOT_FOUND) else "connect"


def abandoned(exchange: Exchange) -> Failure | None:
    """What it means for an exchange that its client's connection is gone."""
    if exchange.protocol == "dns":
        return Failure("upstream_broke", f"{exchange.destination} did not answer")
    if exchange.protocol == "http" and exchange.websocket is None:
        return Failure("client_gone", WORDS["client_gone"])
    return None
