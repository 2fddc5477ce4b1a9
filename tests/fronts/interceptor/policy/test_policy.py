"""The rules of a jail: real queries and real connections through the real hooks."""

from __future__ import annotations

import socket
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.dns import DNSMessage, ResourceRecord
from mitmproxy.http import Headers, HTTPFlow, Request
from mitmproxy.tcp import TCPFlow, TCPMessage
from mitmproxy.test import tflow

from ccproxy.fronts.interceptor.policy import Policy
from ccproxy.fronts.interceptor.readings import RESOLVER
from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import Lane, Stand, rest_of
from tests.fronts.interceptor.policy.conftest import make_policy
from tests.fronts.interceptor.policy.packets import FORMERR, NOERROR, REFUSED, A, Known, ask, ask_over, query
from tests.support.tls import Authority
from tests.support.upstream import Send

PRIVATE = "192.168.7.7"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def resolver(stand: Stand, policy: object, names: dict[str, str]) -> Lane:
    return stand.lane(RESOLVER, "udp", policy, Known(names))


def get(lane: Lane, host: str) -> bytes:
    with socket.create_connection(("127.0.0.1", lane.port), timeout=10) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return rest_of(sock)


def get_tls(stand: Stand, lane: Lane, name: str, host: str) -> bytes:
    context = ssl.create_default_context(cafile=str(stand.ca_file))
    with (
        socket.create_connection(("127.0.0.1", lane.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as sock,
    ):
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return rest_of(sock)


def failure(lane: Lane, count: int = 1) -> str:
    exchange = lane.exchanges(count)[-1]
    assert exchange.failure is not None
    assert exchange.failure.kind == "blocked"
    return exchange.failure.message


def test_a_denied_name_is_refused_and_the_rest_answered(stand: Stand) -> None:
    policy, told = make_policy(deny=("*.ads.test",), deny_hosts=["tracker.test"])
    lane = resolver(stand, policy, {"api.test": "203.0.113.5"})
    assert ask(lane.port, query("a.ADS.test")).response_code == REFUSED
    assert "--deny-host has '*.ads.test'" in failure(lane)
    assert ask(lane.port, query("tracker.test.")).response_code == REFUSED
    assert "jail.deny_hosts has 'tracker.test'" in failure(lane, 2)
    assert [str(answer) for answer in ask(lane.port, query("api.test")).answers] == ["203.0.113.5"]
    assert lane.exchanges(3)[-1].failure is None
    assert [host for host, _ in told] == ["a.ADS.test", "tracker.test"]


def test_a_jails_own_only_hosts_replace_the_configurations(stand: Stand) -> None:
    policy, _ = make_policy(only=("own.test",), only_hosts=["configured.test"])
    lane = resolver(stand, policy, {})
    assert ask(lane.port, query("own.test")).response_code == NOERROR
    assert ask(lane.port, query("configured.test")).response_code == REFUSED
    assert "--only-host has no entry for 'configured.test'" in failure(lane, 2)


def test_deny_is_stronger_than_only(stand: Stand) -> None:
    policy, _ = make_policy(only=("*.test",), deny_hosts=["bad.test"])
    lane = resolver(stand, policy, {})
    assert ask(lane.port, query("good.test")).response_code == NOERROR
    assert ask(lane.port, query("bad.test")).response_code == REFUSED


def test_international_names_are_compared_in_ascii(stand: Stand) -> None:
    policy, _ = make_policy(deny=("bücher.test",))
    lane = resolver(stand, policy, {})
    assert ask(lane.port, query("xn--bcher-kva.test")).response_code == REFUSED


def test_another_resolver_is_not_asked_for_a_denied_name(stand: Stand) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.9", 0))
        server.setblocking(False)
        policy, _ = make_policy(deny=("bad.test",))
        lane = stand.lane(("127.0.0.9", 53), "udp", policy)
        assert ask(lane.port, query("bad.test")).response_code == REFUSED
        with pytest.raises(BlockingIOError):
            server.recv(1)
    assert "--deny-host has 'bad.test'" in failure(lane)


def test_a_resolver_at_a_private_address_is_refused(stand: Stand) -> None:
    policy, told = make_policy()
    lane = stand.lane((PRIVATE, 53), "udp", policy)
    assert ask(lane.port, query("api.test")).response_code == REFUSED
    assert failure(lane) == f"{PRIVATE} is a private address, and jail.allow_addresses does not have it"
    assert told == [(PRIVATE, failure(lane))]


def test_queries_of_one_number_over_one_socket_are_each_looked_at(stand: Stand) -> None:
    policy, _ = make_policy(deny=("bad.test",))
    lane = resolver(stand, policy, {"good.test": "203.0.113.5", "fine.test": "203.0.113.6"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        codes = [ask_over(sock, lane.port, query(name)) for name in ("good.test", "bad.test", "fine.test")]
    assert [code.response_code for code in codes] == [NOERROR, REFUSED, NOERROR]
    assert [str(answer) for answer in codes[2].answers] == ["203.0.113.6"]


def test_a_question_that_cannot_be_written_down_is_no_question(stand: Stand) -> None:
    policy, _ = make_policy()
    lane = resolver(stand, policy, {})
    data = query("ab.test").replace(b"\x02ab", b"\x02a.")
    assert ask(lane.port, data).response_code == FORMERR


DENIED_AT_CONNECT = [
    (PRIVATE, 4444, "is a private address"),
    (PRIVATE, 443, "is a private address"),
    (PRIVATE, 22, "is a private address"),
    ("169.254.169.254", 80, "is the cloud's metadata service"),
    ("::ffff:10.1.2.3", 80, "10.1.2.3 is a private address"),
    ("64:ff9b::a01:203", 80, "10.1.2.3 (through 64:ff9b::a01:203) is a private address"),
    ("fd00::1", 9999, "is a private address"),
    ("203.0.113.66", 443, "--deny-host has '203.0.113.66'"),
    ("203.0.113.67", 8443, "--deny-host has '203.0.113.67:8443'"),
    ("64:ff9b::203.0.113.66", 443, "--deny-host has '203.0.113.66'"),
    ("2001:db8::5", 25, "--deny-host has '[2001:db8::0:5]:25'"),
    ("203.0.113.1", 853, "DNS over TLS hides which names are asked for"),
]
DENY = ("203.0.113.66", "203.0.113.67:8443", "[2001:db8::0:5]:25", "bad.test")


@pytest.mark.parametrize(("host", "port", "reason"), DENIED_AT_CONNECT)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_denied_at_connect(stand: Stand, host: str, port: int, reason: str, protocol: str) -> None:
    """At once, and without a word from the client; the record says why."""
    policy, told = make_policy(deny=DENY)
    lane = stand.lane((host, port), protocol, policy)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", lane.port))
        if protocol == "tcp":
            assert rest_of(sock) == b""
        else:
            sock.send(b"hello")
        assert reason in failure(lane)
    assert lane.exchange().protocol == protocol
    assert len(told) == 1
    assert reason in told[0][1]


def test_allowed_addresses_are_reached(stand: Stand, start_upstream: StartUpstream) -> None:
    upstream = start_upstream(lambda _: [Send(OK)])
    policy, told = make_policy()
    assert get(stand.lane(upstream.port, "tcp", policy), "x.test").endswith(b"ok")
    assert told == []
    strict, told = make_policy(allow_addresses=["10.0.0.0/8"])
    assert get(stand.lane(upstream.port, "tcp", strict), "x.test") == b""
    assert [host for host, _ in told] == ["127.0.0.1"]


def test_with_only_hosts_an_address_is_the_names_it_was_the_answer_for(
    stand: Stand, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream(lambda _: [Send(OK)])
    policy, _ = make_policy(only=("good.test",))
    lane = stand.lane(upstream.port, "tcp", policy)
    assert get(lane, "good.test") == b"", "nobody has asked for the name yet"
    assert "--only-host has no entry for '127.0.0.1'" in failure(lane)
    ask(resolver(stand, policy, {"good.test": "127.0.0.1"}).port, query("GOOD.test."))
    assert get(lane, "good.test").endswith(b"ok")
    assert policy.names("127.0.0.1") == ("good.test",)


def test_a_port_of_an_entry_counts(stand: Stand, start_upstream: StartUpstream) -> None:
    upstream = start_upstream(lambda _: [Send(OK)])
    for entry, passes in ((f"good.test:{upstream.port}", True), ("good.test:1", False)):
        policy, _ = make_policy(only=(entry,))
        assert ask(resolver(stand, policy, {"good.test": "127.0.0.1"}).port, query("good.test")).answers
        assert (get(stand.lane(upstream.port, "tcp", policy), "good.test") != b"") is passes
        policy, _ = make_policy(deny=(entry,))
        assert ask(resolver(stand, policy, {"good.test": "127.0.0.1"}).port, query("good.test")).answers
        lane = stand.lane(upstream.port, "tcp", policy)
        assert (get(lane, "other.test") == b"") is passes, "the address is known by the denied name"


FRONTED = ["evil.test", "EVIL.test:80", "evil.test.", "[2001:db8::9]", "203.0.113.9", "a@good.test"]


@pytest.mark.parametrize("host", FRONTED)
def test_another_host_behind_an_allowed_address(stand: Stand, start_upstream: StartUpstream, host: str) -> None:
    upstream = start_upstream(lambda _: [Send(OK)])
    policy, _ = make_policy(only=("good.test",))
    ask(resolver(stand, policy, {"good.test": "127.0.0.1"}).port, query("good.test"))
    lane = stand.lane(upstream.port, "tcp", policy)
    assert get(lane, host) == b""
    assert "--only-host has no entry for" in failure(lane)
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("name", "host", "passes"),
    [("localhost", "localhost", True), ("localhost", "evil.test", False), ("evil.test", "localhost", False)],
)
def test_both_server_name_and_host_must_be_allowed(
    stand: Stand, start_upstream: StartUpstream, authority: Authority, name: str, host: str, passes: bool
) -> None:
    upstream = start_upstream(lambda _: [Send(OK)], tls=authority.server_context())
    policy, _ = make_policy(deny=("evil.test",))
    lane = stand.lane(upstream.port, "tcp", policy)
    assert get_tls(stand, lane, name, host).endswith(b"ok") is passes
    assert bool(upstream.requests) is passes
    if not passes:
        assert "--deny-host has 'evil.test'" in failure(lane)
        assert lane.exchange().protocol == "http"


def test_tls_without_http_is_judged_by_its_server_name(stand: Stand, authority: Authority) -> None:
    policy, _ = make_policy(deny=("evil.test",))
    lane = stand.lane(("127.0.0.1", 9), "tcp", policy)
    context = ssl.create_default_context(cafile=str(stand.ca_file))
    with (
        socket.create_connection(("127.0.0.1", lane.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="evil.test") as sock,
    ):
        sock.sendall(b"\x00\x01\x02not http")
        assert rest_of(sock) == b""
    assert "--deny-host has 'evil.test'" in failure(lane)
    assert lane.exchange().protocol == "tcp"


def test_a_name_that_is_rebound_to_a_private_address(stand: Stand) -> None:
    policy, told = make_policy(only=("good.test",))
    ask(resolver(stand, policy, {"good.test": PRIVATE}).port, query("good.test"))
    lane = stand.lane((PRIVATE, 80), "tcp", policy)
    assert get(lane, "good.test") == b""
    assert failure(lane).startswith(f"{PRIVATE} is a private address")
    assert [host for host, _ in told] == ["good.test"]


def request(path: str, **headers: str) -> HTTPFlow:
    flow = tflow.tflow()
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    flow.request = Request.make("GET", f"https://dns.test{path}")
    flow.request.headers = Headers([(b"host", b"dns.test"), *fields])
    flow.server_conn.address = ("203.0.113.53", 443)
    flow.client_conn.sni = "dns.test"
    return flow


def encoded(name: str) -> str:
    return urlsafe_b64encode(query(name)).rstrip(b"=").decode()


DOH: list[tuple[Callable[[], HTTPFlow], str | None]] = [
    (lambda: request(f"/dns-query?dns={encoded('bad.test')}"), "--deny-host has 'bad.test'"),
    (lambda: request(f"/x?a=b&dns={encoded('bad.test')}", accept="application/dns-message"), "has 'bad.test'"),
    (lambda: request(f"/dns-query?dns={encoded('good.test')}"), None),
    (lambda: request("/dns-query?dns=%20nonsense"), "hides which names"),
    (lambda: request("/x", content_type="application/dns-message"), "hides which names"),
    (lambda: request("/resolve?name=bad.test&type=A"), "has 'bad.test'"),
    (lambda: request("/x?name=bad.test", accept="application/dns-json"), "has 'bad.test'"),
    (lambda: request("/x?name=bad.test"), None),
]


@pytest.mark.parametrize(("make", "reason"), DOH)
def test_dns_over_https(make: Callable[[], HTTPFlow], reason: str | None) -> None:
    flow = make()
    make_policy(deny=("bad.test",))[0].requestheaders(flow)
    assert (reason is None) is (flow.error is None)
    assert reason is None or reason in flow.metadata["ccproxy.blocked"]
    free = make()
    make_policy(deny=("203.0.113.99",))[0].requestheaders(free)
    assert free.error is None


def test_the_authority_of_http2_is_a_host_too() -> None:
    flow = request("/")
    flow.request.authority = "bad.test:443"
    make_policy(deny=("bad.test",))[0].requestheaders(flow)
    assert flow.metadata["ccproxy.blocked"] == "--deny-host has 'bad.test'"


def test_every_host_field_counts() -> None:
    flow = request("/", Host="bad.test")
    make_policy(deny=("bad.test",))[0].requestheaders(flow)
    assert flow.metadata["ccproxy.blocked"] == "--deny-host has 'bad.test'"


def test_a_host_that_is_no_pattern() -> None:
    with pytest.raises(ValueError, match="the host 'a b' is neither a host name"):
        make_policy(deny=("a b",))


def test_the_same_is_told_once() -> None:
    policy, told = make_policy(deny=("bad.test",))
    for _ in range(3):
        policy.requestheaders(request("/", Host="bad.test"))
    assert told == [("bad.test", "--deny-host has 'bad.test'")]


@given(data=st.binary(max_size=60))
def test_any_bytes_as_a_record(data: bytes) -> None:
    policy, _ = make_policy(only=("good.test",))
    for kind in (A, 28, 65):
        flow = tflow.tdnsflow(req=DNSMessage.unpack(query("good.test", kind)))
        flow.server_conn.address = RESOLVER
        flow.response = flow.request.succeed([])
        flow.response.answers.append(ResourceRecord("good.test", kind, 1, 60, data))
        policy.dns_response(flow)


HIDDEN = [
    [b"\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"],
    [b"X-Y / HTTP/1.1\r\nHost: evil.test\r\n\r\n"],
    [b"X-Y / HTTP/1.1\r\nA: b\r\nhOsT :  evil.test:80\r\n", b"\r\n"],
    [b"\x00\x01binary", b"\r\n\r\nX-Y / HTTP/1.1\nHo", b"st: evil.te", b"st\n\n"],
    [b"X-Y / HTTP/1.1\r\nHost: good.test\r\n\r\nX-Y / HTTP/1.1\r\nHost: evil.test\r\n\r\n"],
]


@pytest.mark.parametrize("pieces", HIDDEN)
def test_requests_that_do_not_look_like_requests(pieces: list[bytes]) -> None:
    policy, told = make_policy(deny=("evil.test",))
    flow = raw_flow()
    passed = b"".join(said(policy, flow, piece) for piece in pieces)
    assert flow.metadata["ccproxy.blocked"] == "--deny-host has 'evil.test'"
    assert not passed.endswith(b"\n")
    assert [host for host, _ in told] == ["evil.test"]
    assert said(policy, flow, b"more") == b""


def test_a_client_hello_in_the_middle_of_a_stream(stand: Stand) -> None:
    policy, _ = make_policy(deny=("evil.test",))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="evil.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    flow = raw_flow()
    assert said(policy, flow, b"STARTTLS\r\n") == b"STARTTLS\r\n"
    assert said(policy, flow, outgoing.read()) == b""


@given(pieces=st.lists(st.binary(max_size=200), max_size=5))
def test_any_raw_stream_passes_that_names_nobody(pieces: list[bytes]) -> None:
    policy, _ = make_policy(deny=("evil.test",))
    flow = raw_flow()
    assert [said(policy, flow, piece) for piece in pieces] == pieces


def raw_flow() -> TCPFlow:
    flow = tflow.ttcpflow()
    flow.server_conn.address = ("203.0.113.80", 80)
    flow.messages.clear()
    return flow


def said(policy: Policy, flow: TCPFlow, data: bytes) -> bytes:
    flow.messages.append(TCPMessage(True, data))
    policy.tcp_message(flow)
    return flow.messages[-1].content
