"""The recorder by itself; in a jail it is tested in tests/jail/fingerprints."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mitmproxy.connection import Client
from mitmproxy.proxy.context import Context
from mitmproxy.tls import ClientHello, ClientHelloData

from ccproxy.fronts.interceptor.fingerprints import KEPT, Fingerprints
from tests.fingerprint.hellos import CHROME, CHROME_JA4, QUIC, QUIC_JA4, of_ja4_ro


def begun(recorder: Fingerprints, body: bytes, protocol: Any = "tcp") -> Client:
    """A client that has said its ClientHello."""
    client = Client(peername=("192.0.2.1", 1), sockname=("192.0.2.2", 2), transport_protocol=protocol)
    context = Context(client, SimpleNamespace())  # type: ignore[arg-type] # nobody asks for options
    recorder.tls_clienthello(ClientHelloData(context, ClientHello(body)))
    return client


def test_tcp_and_quic() -> None:
    recorder = Fingerprints()
    tcp = begun(recorder, of_ja4_ro(CHROME).body)
    quic = begun(recorder, of_ja4_ro(QUIC, versions=[0x0304], alpn=[b"h3"]).body, "udp")
    found = recorder.of(tcp), recorder.of(quic)
    assert [each and each["ja4"] for each in found] == [CHROME_JA4, QUIC_JA4]
    assert [each and each["carrier"] for each in found] == ["tcp", "quic"]


def test_a_connection_without_tls() -> None:
    assert Fingerprints().of(Client(peername=("192.0.2.1", 1), sockname=("192.0.2.2", 2))) is None


def test_only_the_newest_are_kept_and_who_has_one_keeps_it() -> None:
    recorder = Fingerprints()
    first = begun(recorder, of_ja4_ro(CHROME).body)
    record = recorder.of(first)
    others = [begun(recorder, of_ja4_ro(CHROME).body) for _ in range(KEPT)]
    assert recorder.of(first) is None
    assert all(recorder.of(each) is not None for each in others)
    assert record is not None
    assert dict(record)["ja4"] == CHROME_JA4


def test_dtls_is_not_kept() -> None:
    recorder = Fingerprints()
    client = Client(peername=("192.0.2.1", 1), sockname=("192.0.2.2", 2), transport_protocol="udp")
    context = Context(client, SimpleNamespace())  # type: ignore[arg-type] # nobody asks for options
    body = of_ja4_ro(CHROME).body
    dtls = body[:67] + b"\0" + body[67:]  # an empty cookie behind the session id (RFC 6347 §4.2.1)
    recorder.tls_clienthello(ClientHelloData(context, ClientHello(dtls, dtls=True)))
    assert recorder.of(client) is None


def test_http2_is_added_when_it_comes() -> None:
    recorder = Fingerprints()
    client = begun(recorder, of_ja4_ro(CHROME).body)
    record = recorder.of(client)
    assert record is not None
    assert record["http2"] is None
    client.alpn = b"h2"
    layer = SimpleNamespace(
        context=SimpleNamespace(client=client), data_client=lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    )
    recorder.next_layer(layer)  # type: ignore[arg-type] # as much of one as is asked
    assert record["http2"] == {"settings": [], "window_update": None, "pseudo_header_order": None, "priority": None}
