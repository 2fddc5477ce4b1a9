"""One TCP connection or UDP conversation of a jail, taken apart by mitmproxy.

mitmproxy's own listeners call every addon of the program for every event. A jail's connections call a short table of
them instead, so that an event costs little, and the inspector shows what the flow archive holds and nothing twice.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mitmproxy import flow
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events, mode_specs, server, server_hooks

from ccproxy.fronts.interceptor.first_to_speak import FirstToSpeak

if TYPE_CHECKING:
    import mitmproxy_rs
    from mitmproxy.options import Options

    from ccproxy.fronts.interceptor.handover import HandOver

type Hooks = Mapping[str, Sequence[Callable[[Any], Any]]]
"""The methods to call, by mitmproxy's name of the event."""

EVENTS = frozenset(
    {
        "connection_begins", "next_layer", "tls_clienthello", "tls_start_client", "tls_start_server",
        "tls_established_client", "tls_established_server", "tls_failed_client", "tls_failed_server",
        "quic_start_client", "quic_start_server",
        "client_connected", "client_disconnected", "server_connect", "server_connected", "server_disconnected",
        "server_connect_error", "requestheaders", "request", "responseheaders", "response", "error",
        "http_connect", "http_connected", "http_connect_error", "websocket_start", "websocket_message",
        "websocket_end", "tcp_start", "tcp_message", "tcp_end", "tcp_error", "udp_start", "udp_message", "udp_end",
        "udp_error", "dns_request", "dns_response", "dns_error",
    }
)  # fmt: skip
"""Of mitmproxy's events (https://docs.mitmproxy.org/stable/api/events.html) those that a connection can have."""


def hooks_of(addons: Iterable[object]) -> Hooks:
    """The table of a list of addons; they are called in its order."""
    table: dict[str, list[Callable[[Any], Any]]] = {}
    for addon in addons:
        for name in EVENTS:
            if callable(method := getattr(addon, name, None)):
                table.setdefault(name, []).append(method)
    return table


class JailConnection(server.LiveConnectionHandler):
    """A connection whose far end is the address that the jailed program dialled."""

    def __init__(self, stream: mitmproxy_rs.Stream, options: Options, hooks: Hooks, handover: HandOver) -> None:
        # mitmproxy's own mode, not one of ours: flow files that name it can be read by any mitmproxy.
        super().__init__(stream, stream, options, mode_specs.ProxyMode.parse("wireguard"))
        self._hooks, self._handover = hooks, handover
        context = self.layer.context
        self.layer = FirstToSpeak(context)
        context.server.transport_protocol = context.client.transport_protocol
        context.server.address = stream.get_extra_info("remote_endpoint", context.client.sockname)

    async def handle_hook(self, hook: commands.StartHook) -> None:
        """Calls who is interested in an event."""
        with self.timeout_watchdog.disarm():
            (data,) = hook.args()
            for call in self._hooks.get(hook.name, ()):
                result = call(data)
                if inspect.isawaitable(result):
                    await result
            if isinstance(data, flow.Flow):
                await data.wait_for_resume()  # type: ignore[no-untyped-call]

    async def open_connection(self, command: commands.OpenConnection) -> None:
        """Dials; what was claimed is connected to the gateway instead, over a pair of sockets that nobody else has."""
        address = command.connection.address
        try:
            ends = await self._handover.connect(address, self.client) if address is not None else None
        except OSError as error:  # no more descriptors: without an answer the client would wait for ever
            command.connection.error = str(error)
            await self.server_event(events.OpenConnectionCompleted(command, str(error)))
            return
        if ends is None:
            await super().open_connection(command)
            return
        reader, writer = ends
        connection = command.connection
        connection.timestamp_start = connection.timestamp_tcp_setup = time.time()
        connection.state, connection.peername, connection.sockname = ConnectionState.OPEN, address, ("127.0.0.1", 0)
        io = self.transports[connection]
        io.reader, io.writer = reader, writer
        await self.server_event(events.OpenConnectionCompleted(command, None))
        try:
            await self.handle_connection(connection)
        finally:
            connection.timestamp_end = time.time()
            data = server_hooks.ServerConnectionHookData(client=self.client, server=connection)
            await self.handle_hook(server_hooks.ServerDisconnectedHook(data))

    def drop(self) -> None:
        """Ends the connection: its jail is gone."""
        io = self.transports.get(self.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("the jail is gone")
