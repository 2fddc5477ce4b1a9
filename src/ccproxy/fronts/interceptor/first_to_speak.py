"""The outermost layer of a jail's connections: it finds out who speaks first.

mitmproxy dials when a client has said something; a client whose server speaks first would wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy import flow
from mitmproxy.connection import Address, Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import TCPLayer, UDPLayer
from mitmproxy.proxy.layers.tcp import TcpErrorHook, TcpStartHook
from mitmproxy.tcp import TCPFlow

from ccproxy.fronts.interceptor.first_words import CLIENT_FIRST, SERVER_FIRST, TLS_HANDSHAKE, is_telling

PATIENCE_SECONDS = 0.3
HANDSHAKE_SECONDS = 0.05
"""mitmproxy_rs tells of a connection at its first packet; one that is closed before the third stays open for the
client, who waits in vain."""


@dataclass
class Beginning:
    """A connection that has only just begun."""

    context: Context
    address: Address
    denied: bool = False
    """To be set if it will be ended as soon as it is dialled."""


@dataclass
class ConnectionBeginsHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """A connection of a jail has begun, and nothing was said yet. mitmproxy calls it `connection_begins`."""

    data: Beginning


class FirstToSpeak(layer.Layer):
    """Waits for the first bytes where they matter, and leaves the connection to what they call for."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._child: layer.Layer = layer.NextLayer(context)
        self._state = self._first
        self._held = b""
        self._early: list[events.Event] = []
        self._left: Server | None = None
        self._wakeup: commands.RequestWakeup | None = None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup) and event.command is self._wakeup:
            self._wakeup = None
            if self._state == self._too_early:
                self._state = self._settled
                for early in self._early:
                    yield from self._child.handle_event(early)
                self._early.clear()
            elif self._state == self._waiting:
                yield from self._lost_patience()
        else:
            yield from self._state(event)

    def _first(self, event: events.Event) -> layer.CommandGenerator[None]:
        """The start of it all."""
        address = self.context.server.address
        assert address, "a connection of a jail has a far end"
        beginning = Beginning(self.context, address)
        yield ConnectionBeginsHook(beginning)
        tcp = self.context.client.transport_protocol == "tcp"
        if beginning.denied or (tcp and address[1] in SERVER_FIRST):
            self._child = TCPLayer(self.context) if tcp else UDPLayer(self.context)
            if tcp:
                self._state = self._too_early
                self._early.append(event)
                yield from self._wake_after(HANDSHAKE_SECONDS)
                return
        self._state = self._waiting if tcp else self._settled
        yield from self._child.handle_event(event)
        if self._state == self._waiting and address[1] not in CLIENT_FIRST:
            yield from self._wake_after(PATIENCE_SECONDS)

    def _wake_after(self, seconds: float) -> layer.CommandGenerator[None]:
        self._wakeup = commands.RequestWakeup(seconds)
        yield self._wakeup

    def _too_early(self, event: events.Event) -> layer.CommandGenerator[None]:
        """The far end may refuse at once."""
        self._early.append(event)
        yield from ()

    def _waiting(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Nobody has said enough yet. The server can only speak once it was dialled."""
        if isinstance(event, events.DataReceived) and event.connection is self.context.client:
            self._held += event.data
            if is_telling(self._held):
                self._state = self._settled
                yield from self._dial_later()
                yield from self._hand_over()
            return
        is_end = isinstance(event, events.ConnectionClosed) and event.connection is self.context.client
        if is_end and self._address_port() in CLIENT_FIRST and not self._held:
            self._state = self._settled
            yield from self._child.handle_event(event)
            return
        yield from self._raw(event)

    def _lost_patience(self) -> layer.CommandGenerator[None]:
        """Dials, so that a server that speaks first can."""
        error = yield commands.OpenConnection(self.context.server)
        if not error:
            return
        self._state = self._over
        failed = TCPFlow(self.context.client, self.context.server, True)
        yield TcpStartHook(failed)
        failed.error = flow.Error(str(error))
        yield TcpErrorHook(failed)
        yield commands.CloseConnection(self.context.client)

    def _raw(self, event: events.Event) -> layer.CommandGenerator[None]:
        """The server has spoken, or somebody will say no more."""
        self._state = self._settled
        self._child = TCPLayer(self.context)
        yield from self._child.handle_event(events.Start())
        yield from self._hand_over()
        yield from self._child.handle_event(event)

    def _dial_later(self) -> layer.CommandGenerator[None]:
        """mitmproxy dials TLS servers once the client has spoken, and is not ready for one that is there already."""
        server = self.context.server
        if server.connected and self._held[0] == TLS_HANDSHAKE:
            self._left = server
            self.context.server = Server(address=server.address, transport_protocol=server.transport_protocol)
            yield commands.CloseConnection(server)

    def _hand_over(self) -> layer.CommandGenerator[None]:
        held, self._held = self._held, b""
        if held:
            yield from self._child.handle_event(events.DataReceived(self.context.client, held))

    def _settled(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self._left is None or not isinstance(event, events.ConnectionEvent) or event.connection is not self._left:
            yield from self._child.handle_event(event)

    def _over(self, event: events.Event) -> layer.CommandGenerator[None]:
        """It is closed; what is still under way does not matter."""
        yield from ()

    def _address_port(self) -> int:
        return self.context.server.address[1] if self.context.server.address else 0
