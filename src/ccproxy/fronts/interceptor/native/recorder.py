"""All hooks of one jail together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.fronts.interceptor.fingerprints import Tls, no_tls
from ccproxy.fronts.interceptor.native.dns import DnsHooks
from ccproxy.fronts.interceptor.native.failures import Causes
from ccproxy.fronts.interceptor.native.http import HttpHooks
from ccproxy.fronts.interceptor.native.ledger import Ledger, Names, no_names
from ccproxy.fronts.interceptor.native.raw import RawHooks
from ccproxy.fronts.interceptor.native.tls import TlsHooks
from ccproxy.fronts.interceptor.native.websocket import WebSocketHooks

if TYPE_CHECKING:
    from ccproxy.fronts.interceptor.jail import Jail
    from ccproxy.gateway.recorder import Recorder


class NativeRecorder:
    """A mitmproxy addon for the connections of one jail. It must come after those that claim or block."""

    def __init__(self, jail: Jail, recorder: Recorder, names: Names = no_names, tls: Tls = no_tls) -> None:
        self._ledger, causes = Ledger(jail, recorder, names, tls), Causes()
        http, raw = HttpHooks(self._ledger, causes), RawHooks(self._ledger, causes)
        websocket, dns, handshakes = (
            WebSocketHooks(self._ledger),
            DnsHooks(self._ledger, causes),
            TlsHooks(self._ledger, causes),
        )
        self.requestheaders, self.request = http.requestheaders, http.request
        self.responseheaders, self.response, self.error = http.responseheaders, http.response, http.error
        self.websocket_start, self.websocket_message = websocket.websocket_start, websocket.websocket_message
        self.websocket_end = websocket.websocket_end
        self.dns_request, self.dns_response, self.dns_error = dns.dns_request, dns.dns_response, dns.dns_error
        self.tcp_start, self.tcp_message = raw.tcp_start, raw.tcp_message
        self.tcp_end, self.tcp_error = raw.tcp_end, raw.tcp_error
        self.udp_start, self.udp_message = raw.udp_start, raw.udp_message
        self.udp_end, self.udp_error = raw.udp_end, raw.udp_error
        self.tls_failed_client, self.tls_failed_server = handshakes.tls_failed_client, handshakes.tls_failed_server
        self.server_connect_error, self.client_disconnected = (
            handshakes.server_connect_error,
            handshakes.client_disconnected,
        )

    @property
    def under_way(self) -> int:
        """How many exchanges have not ended."""
        return len(self._ledger)
