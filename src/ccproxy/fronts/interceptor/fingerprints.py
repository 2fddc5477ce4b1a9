"""What the TLS of jailed programs looks like: each ClientHello, kept as long as its connection is of interest."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ccproxy.fingerprint.client_hello import ClientHello, MalformedHelloError, parse_client_hello
from ccproxy.fingerprint.http2 import beginning
from ccproxy.fingerprint.record import describe

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.proxy.layer import NextLayer
    from mitmproxy.tls import ClientHelloData

    from ccproxy.fingerprint.ja4 import Carrier

KEPT = 2048
"""Connections; exchanges that have a record keep it themselves."""
JAIL = "jail"

type Tls = Callable[[Client], Mapping[str, Any] | None]
"""The record of a client's TLS, if it spoke it."""


def no_tls(client: Client) -> None:
    """Where nobody looks."""


class Seen(Mapping[str, Any]):
    """The record of one connection's client, put together when somebody first looks at it."""

    def __init__(self, hello: ClientHello, carrier: Carrier) -> None:
        self._hello, self._carrier = hello, carrier
        self._at = time.time()
        self._http2: dict[str, Any] | None = None
        self._record: dict[str, Any] | None = None

    def spoke_http2(self, told: dict[str, Any] | None) -> None:
        """How the client began to speak HTTP/2."""
        self._http2, self._record = told, None

    def __getitem__(self, name: str) -> Any:
        return self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def _whole(self) -> dict[str, Any]:
        record = self._record  # may be forgotten meanwhile: summaries are made in threads
        if record is None:
            record = self._record = describe(self._hello, JAIL, self._at, self._carrier) | {"http2": self._http2}
        return record


class Fingerprints:
    """The recorder. A mitmproxy addon; of connections that are passed on unread it sees the ClientHello too."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """A client begins with TLS, over TCP or QUIC. What cannot be read is not kept, and goes its way."""
        client = data.context.client
        try:
            hello = parse_client_hello(data.client_hello.raw_bytes(wrap_in_record=False))
        except (MalformedHelloError, NotImplementedError):  # the second: DTLS
            return
        self._seen[client.id] = Seen(hello, "q" if client.transport_protocol == "udp" else "t")
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)

    def next_layer(self, layer: NextLayer) -> None:
        """The client's first bytes within TLS. They are looked at as they are: waiting for more would be a deadlock
        with clients that wait for the server's settings."""
        client = layer.context.client
        if client.alpn == b"h2" and (seen := self._seen.get(client.id)) is not None:
            told = beginning(layer.data_client())  # type: ignore[no-untyped-call]
            if told is not None:
                seen.spoke_http2(told)

    def of(self, client: Client) -> Mapping[str, Any] | None:
        """The record of a connection's client, None if it spoke no TLS or did so too long ago."""
        return self._seen.get(client.id)
