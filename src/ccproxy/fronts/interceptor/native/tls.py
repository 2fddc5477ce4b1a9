"""TLS that did not come about: with the client, which may not accept our certificate, or with the server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from ccproxy.exchange import Failure, HttpRequest, RawRecord
from ccproxy.fronts.interceptor.native.failures import abandoned, connect_kind
from ccproxy.fronts.interceptor.native.raw import origin_of

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData
    from mitmproxy.tls import TlsData

    from ccproxy.exchange import Origin
    from ccproxy.fronts.interceptor.native.failures import Causes
    from ccproxy.fronts.interceptor.native.ledger import Ledger

REFUSED = (
    "the program did not accept ccproxy's certificate for {host} ({text}): it keeps CAs of its own or expects this"
    " host's own certificate (pinning). Give it ccproxy's CA if it has a setting for that; a pinned host can be let"
    " through unread: inspector.mitmproxy.ignore_hosts"
)
HUNG_UP = (
    "the program hung up in the TLS handshake for {host}: if it does so each time, it does not accept ccproxy's"
    " certificate. Give it ccproxy's CA if it has a setting for that; a host whose certificate it pins can be let"
    " through unread: inspector.mitmproxy.ignore_hosts"
)
LEFT = "the program closed the connection to {host} before it had said anything"
CAUSES: tuple[tuple[str, str, str], ...] = (
    ("disconnected during the handshake", "tls_refused", HUNG_UP),
    ("does not trust", "tls_refused", REFUSED),
    ("may not trust", "tls_refused", REFUSED),
    ("connection closed early", "client_gone", LEFT),
)
"""What mitmproxy says of a handshake, and what that means. The first speaks of trust too."""


class TlsHooks:
    """The hooks of handshakes and connections that fail."""

    def __init__(self, ledger: Ledger, causes: Causes) -> None:
        self._ledger, self._causes = ledger, causes

    def tls_failed_client(self, data: TlsData) -> None:
        """The program in the jail ended the handshake. There will be no flow, so this is the record."""
        client, server = data.context.client, data.context.server
        protocol = client.transport_protocol
        origin = origin_of("https", client, server)
        request = HttpRequest("TLS", origin.authority.encode("utf-8", "replace"), [], http_version="")
        exchange = self._ledger.exchange(client, request, origin, protocol, str(uuid4()))
        exchange.raw = RawRecord()
        exchange.timings.started = client.timestamp_start
        self._ledger.recorder.begin(exchange)
        self._ledger.recorder.finish(exchange, refusal(data.conn.error or "", origin))

    def tls_failed_server(self, data: TlsData) -> None:
        """The flow that needed the server will fail with the same words."""
        self._causes.note(data.context.client.id, "tls", data.conn.error)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        """The flow that needed the server will fail with the same words."""
        self._causes.note(data.client.id, connect_kind(data.server.error), data.server.error)

    def client_disconnected(self, client: Client) -> None:
        """What is still under way will not go on."""
        self._ledger.abandon(client.id, abandoned)
        self._causes.forget(client.id)


def refusal(text: str, origin: Origin) -> Failure:
    """Why there is no TLS with a client."""
    for words, kind, message in CAUSES:
        if words in text:
            return Failure(kind, message.format(host=origin.host, text=alert(text)))
    return Failure("tls", f"no TLS with the program for {origin.host}: {text}")


def alert(text: str) -> str:
    """The client's own words within mitmproxy's: `OpenSSL Error([('SSL routines', '', 'unknown ca')])` has two."""
    inner = text[text.find("(") + 1 :].rstrip(")")
    return inner.rsplit("'", 2)[1] if inner.count("'") >= 2 else inner
