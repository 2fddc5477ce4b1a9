"""HTTP/2 from end to end."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Origin
from tests.fronts.interceptor.native.h2_server import Answer, H2Server, Seen
from tests.fronts.interceptor.native.stand import Lane, Stand
from tests.support.tls import Authority

bodies = st.one_of(st.binary(max_size=100), st.integers(0, 300_000).map(lambda size: b"\x00\xff7" * (size // 3)))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[H2Server]:
    made = H2Server(lambda _: Answer(), authority.server_context())
    yield made
    made.stop()


class OnlyH2(ssl.SSLContext):
    """httpx offers http/1.1 first, and mitmproxy takes what is offered first."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(["h2"])


def client(stand: Stand, lane: Lane) -> httpx.Client:
    trust = OnlyH2(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(str(stand.ca_file))
    return httpx.Client(http1=False, http2=True, verify=trust, base_url=f"https://localhost:{lane.port}", timeout=20)


@given(body=bodies, answer=bodies)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_passes_both_ways(stand: Stand, server: H2Server, body: bytes, answer: bytes) -> None:
    sent = [(b":status", b"201"), (b"x-one", b"1"), (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")]
    server.script = lambda _: Answer(sent, answer)
    lane = stand.lane(server.port)
    with client(stand, lane) as http:
        got = http.post("/x?y=%20", content=body, headers=[("x-two", "2"), ("cookie", "e=f"), ("cookie", "g=h")])
    assert (got.status_code, got.content) == (201, answer)
    assert [pair for pair in got.headers.raw if pair[0] != b"date"] == sent[1:]
    seen = server.requests.pop()
    assert seen.body == body
    plain = [pair for pair in seen.headers if not pair[0].startswith(b":")]
    assert (b":path", b"/x?y=%20") in seen.headers
    assert (b":authority", f"localhost:{lane.port}".encode()) in seen.headers
    ex = lane.exchange()
    assert ex.request.headers == plain
    assert (ex.request.http_version, ex.request.body) == ("2", body)
    assert ex.destination == Origin("https", "localhost", server.port)
    assert ex.response is not None
    assert (ex.response.http_version, ex.response.body, ex.response.headers) == ("2", answer, sent[1:])


def broken(seen: Seen) -> Answer:
    """An answer by the path."""
    path = dict(seen.headers)[b":path"]
    return {b"/reset": Answer(reset=2), b"/gone": Answer(hang_up=True)}.get(path, Answer(body=b"fine"))


@pytest.mark.parametrize("path", ["/reset", "/gone"])
def test_a_broken_answer_breaks_off_and_brings_no_page(stand: Stand, server: H2Server, path: str) -> None:
    server.script = broken
    lane = stand.lane(server.port)
    with client(stand, lane) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get(path)
    ex = lane.exchange()
    assert ex.failure is not None
    assert ex.failure.kind == "upstream_broke"
    assert ex.response is None


def test_one_reset_stream_does_not_hurt_the_others(stand: Stand, server: H2Server) -> None:
    server.script = broken
    lane = stand.lane(server.port)
    with client(stand, lane) as http:
        assert http.get("/fine").content == b"fine"
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/reset")
        assert http.get("/fine").content == b"fine"
    assert len(lane.exchanges(3)) == 3
