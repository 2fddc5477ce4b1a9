"""TLS that fails, on either side."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import Lane, Stand, rest_of
from tests.support.http import Closed, Wire
from tests.support.tls import Authority
from tests.support.upstream import Send

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def trusting(ca: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca))


def get(lane: Lane, context: ssl.SSLContext, sni: str = "localhost") -> bytes:
    with (
        socket.create_connection(("127.0.0.1", lane.port)) as plain,
        context.wrap_socket(plain, server_hostname=sni) as sock,
    ):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n")
        try:
            return Wire(sock).until(b"ok") if sni == "localhost" else rest_of(sock)
        except ssl.SSLEOFError:
            return b""


def failed(lane: Lane) -> tuple[str, str]:
    failure = lane.exchange().failure
    assert failure is not None
    return failure.kind, failure.message


def test_all_is_well(stand: Stand, start_upstream: StartUpstream, authority: Authority) -> None:
    lane = stand.lane(start_upstream(lambda _: [Send(OK)], tls=authority.server_context()).port)
    assert get(lane, trusting(stand.ca_file)) == OK
    ex = lane.exchange()
    assert ex.destination is not None
    assert (ex.failure, ex.destination.scheme, ex.destination.host) == (None, "https", "api.example.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_trust(stand: Stand, start_upstream: StartUpstream, version: ssl.TLSVersion) -> None:
    lane = stand.lane(start_upstream().port)
    context = ssl.create_default_context()
    context.maximum_version = version
    with pytest.raises(ssl.SSLCertVerificationError):
        get(lane, context, "pinned.example.test")
    kind, message = failed(lane)
    assert kind == "tls_refused"
    assert "did not accept ccproxy's certificate for pinned.example.test (" in message
    assert "unknown ca" in message
    ex = lane.exchange()
    assert (ex.protocol, ex.request.method, ex.jail) == ("tcp", "TLS", "test")
    assert ex.destination is not None
    assert ex.destination.host == "pinned.example.test"


def test_a_client_that_hangs_up_in_the_handshake(stand: Stand, start_upstream: StartUpstream) -> None:
    lane = stand.lane(start_upstream().port)
    outgoing = ssl.MemoryBIO()
    hello = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="quiet.example.test")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(outgoing.read())
        assert sock.recv(5)
    kind, message = failed(lane)
    assert kind == "tls_refused"
    assert "hung up in the TLS handshake for quiet.example.test" in message


def test_an_upstream_that_cannot_be_trusted(stand: Stand, start_upstream: StartUpstream, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    lane = stand.lane(start_upstream(tls=stranger.server_context()).port)
    with pytest.raises(Closed):
        get(lane, trusting(stand.ca_file))
    kind, message = failed(lane)
    assert kind == "tls"
    assert "Certificate verify failed" in message


def test_an_upstream_with_another_name(stand: Stand, start_upstream: StartUpstream, authority: Authority) -> None:
    upstream = start_upstream(tls=authority.server_context())
    lane = stand.lane(upstream.port)
    assert get(lane, trusting(stand.ca_file), "elsewhere.test") == b""
    assert failed(lane)[0] == "tls"
    assert upstream.requests == []


def test_an_upstream_without_tls(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        lane = stand.lane(server.getsockname()[1])
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        assert get(lane, trusting(stand.ca_file), "elsewhere.test") == b""
    kind, message = failed(lane)
    assert (kind, message.partition(": ")[2]) == ("tls", "The remote server does not speak TLS.")


def greet(server: socket.socket) -> None:
    sock, _ = server.accept()
    with sock:
        sock.sendall(b"220 what do you want\r\n")
        rest_of(sock)
