"""The header section that leaves: what stays as it is, what is replaced in its place, what ends here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Header, Headers, Origin
from ccproxy.gateway.seal import HOP_BY_HOP, Envelope, client_headers, seal_headers
from ccproxy.providers.sentinel import CREDENTIAL_HEADERS

ORIGIN = Origin("http", "127.0.0.1", 8000)
AUTH = (b"authorization", b"Bearer real")


def seal(headers: Headers, **options: object) -> Headers:
    envelope = Envelope(**{"origin": ORIGIN, "body_length": 0} | options)  # type: ignore[arg-type]
    return seal_headers(headers, {name.lower(): value for name, value in headers}, envelope)


def test_order_case_and_duplicates_stay() -> None:
    kept = [(b"X-b", b"1"), (b"x-B", b"2"), (b"A", b""), (b"X-B", b"1"), (b"\xe9-x", b"\xff\t ")]
    assert seal([(b"HOST", b"client"), *kept]) == [(b"HOST", b"127.0.0.1:8000"), *kept]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (Origin("https", "api.example.com", 443), b"api.example.com"),
        (Origin("http", "api.example.com", 443), b"api.example.com:443"),
        (Origin("http", "::1", 80), b"[::1]"),
        (Origin("https", "::1", 8443), b"[::1]:8443"),
    ],
)
def test_host_is_the_origins(origin: Origin, host: bytes) -> None:
    assert seal([(b"A", b"1"), (b"Host", b"x"), (b"B", b"2")], origin=origin)[1] == (b"Host", host)
    assert seal([(b"A", b"1")], origin=origin) == [(b"Host", host), (b"A", b"1")]


@pytest.mark.parametrize("name", sorted(CREDENTIAL_HEADERS))
def test_the_first_credential_is_replaced_in_its_place_and_the_others_go(name: bytes) -> None:
    headers = [
        (b"Host", b"x"),
        (b"A", b"1"),
        (name.title(), b"own"),
        (b"B", b"2"),
        (b"Cookie", b"c"),
        (b"api-key", b"d"),
    ]
    spelled = name.title() if name == AUTH[0] else AUTH[0]
    assert seal(headers, auth=AUTH)[1:] == [(b"A", b"1"), (spelled, AUTH[1]), (b"B", b"2")]
    assert seal(headers)[1:] == [(b"A", b"1"), (b"B", b"2")]
    assert seal(headers, strip_credentials=False)[1:] == headers[1:]


def test_a_credential_that_had_no_place_comes_last() -> None:
    assert seal([(b"Host", b"x"), (b"A", b"1")], auth=AUTH)[1:] == [(b"A", b"1"), AUTH]


def test_a_credential_field_of_the_providers_own_replaces_the_clients() -> None:
    own = (b"x-auth-token", b"real")
    headers = [(b"Host", b"x"), (b"X-Auth-Token", b"the client's"), (b"A", b"1"), (b"Authorization", b"Bearer x")]
    assert seal(headers, auth=own)[1:] == [(b"X-Auth-Token", b"real"), (b"A", b"1")]


def test_companions_replace_the_clients_fields_in_their_places() -> None:
    companions = [(b"chatgpt-account-id", b"1"), (b"OpenAI-Beta", b"x"), (b"x-new", b"z")]
    headers = [(b"Host", b"x"), (b"openai-beta", b"y"), (b"x-api-key", b"k"), (b"ChatGPT-Account-ID", b"2")]
    placed = [(b"openai-beta", b"x"), AUTH, (b"ChatGPT-Account-ID", b"1"), (b"x-new", b"z")]
    assert seal(headers, auth=AUTH, companions=companions)[1:] == placed


@pytest.mark.parametrize("own", [b"x-ccproxy-hooks", b"X-CCProxy-Flow-Id", b"x-ccproxy-"])
def test_instructions_to_ccproxy_end_here(own: bytes) -> None:
    assert seal([(b"Host", b"x"), (own, b"1"), (b"x-ccprox", b"2")])[1:] == [(b"x-ccprox", b"2")]


def test_what_connection_names_ends_here_in_every_connection_field() -> None:
    headers = [
        (b"Host", b"x"), (b"Connection", b"X-One, close"), (b"x-one", b"1"), (b"x-two", b"2"), (b"X-Three", b"3"),
        (b"CONNECTION", b" x-TWO ,,host, content-length,"), (b"Content-Length", b"2"),
    ]  # fmt: skip
    assert seal(headers, body_length=2)[1:] == [(b"X-Three", b"3"), (b"Content-Length", b"2")]
    assert [name for name, _ in client_headers(headers)] == [b"Host", b"X-Three", b"Content-Length"]


def test_connection_cannot_remove_what_we_add() -> None:
    headers = [(b"Host", b"x"), (b"Connection", b"authorization, b"), (b"Authorization", b"own")]
    assert seal(headers, auth=AUTH, companions=[(b"b", b"1")])[1:] == [(b"Authorization", AUTH[1]), (b"b", b"1")]


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_hop_by_hop_fields_end_here(name: bytes) -> None:
    headers = [(b"Host", b"x"), (b"A", b"1"), (name.title(), b"x"), (b"B", b"2")]
    sealed = [header for header in seal(headers) if header != (b"Content-Length", b"0")]
    assert sealed[1:] == [(b"A", b"1"), (b"B", b"2")]
    assert (name.title(), b"x") not in client_headers(headers)


@pytest.mark.parametrize(
    ("field", "length", "wanted"),
    [
        ((b"content-LENGTH", b"5"), 7, (b"content-LENGTH", b"7")),
        ((b"Content-Length", b"0"), 0, (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"chunked"), 7, (b"Content-Length", b"7")),
        ((b"Transfer-Encoding", b"chunked"), 0, (b"Content-Length", b"0")),
        ((b"A", b"1"), 0, (b"A", b"1")),
    ],
)
def test_the_length_is_that_of_the_body_that_leaves(field: Header, length: int, wanted: Header) -> None:
    assert seal([(b"Host", b"x"), field], body_length=length)[1:] == [wanted]


def test_a_websocket_handshake_is_made_anew() -> None:
    key = (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")
    headers = [(b"Host", b"x"), (b"Upgrade", b"websocket"), (b"Connection", b"keep-alive, Upgrade"), key]
    assert seal(headers, upgrade=True)[1:] == [key, (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    assert seal(headers)[1:] == [key]


NAMES = st.sampled_from([*HOP_BY_HOP, *CREDENTIAL_HEADERS, b"host", b"content-length", b"x-ccproxy-a"]) | st.binary(
    min_size=1, max_size=6
)
FIELDS = st.lists(st.tuples(NAMES.map(bytes.title) | NAMES, st.binary(max_size=8)), max_size=8)


@given(headers=FIELDS, length=st.integers(0, 9), strip=st.booleans(), auth=st.none() | st.just(AUTH))
def test_nothing_else_changes(headers: Headers, length: int, strip: bool, auth: Header | None) -> None:
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    touched = HOP_BY_HOP | {b"host", b"content-length"} | (named if headers else set())
    touched |= CREDENTIAL_HEADERS if strip else set()
    touched |= {b"authorization"} if auth else set()

    def others(fields: Headers) -> Headers:
        return [f for f in fields if f[0].lower() not in touched and not f[0].lower().startswith(b"x-ccproxy-")]

    sealed = seal(headers, body_length=length, strip_credentials=strip, auth=auth)
    assert others(sealed) == others(headers)
    names = [name.lower() for name, _ in sealed]
    assert not HOP_BY_HOP & set(names)
    assert not any(name.startswith(b"x-ccproxy-") for name in names)
    assert [(name.lower(), value) for name, value in sealed].count(AUTH) == (auth is not None)
    assert {value for name, value in sealed if name.lower() == b"host"} == {b"127.0.0.1:8000"}
    assert {value for name, value in sealed if name.lower() == b"content-length"} <= {b"%d" % length}
