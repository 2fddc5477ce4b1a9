"""Which recorded requests can become a shape, and that a shape is of the client's request alone (W-SHAPE-5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.codings import encode
from ccproxy.exchange import Exchange, Headers, HttpRequest, Origin, RawRecord, Route, WireFormat
from ccproxy.shaping.capture import NotAShape, fingerprint_of, provenance_of, shape_of, why_not
from ccproxy.shaping.shape import CREDENTIAL, HOST, Provenance, Shape
from tests.shaping.made_up import profiles

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "zone": "b"}
AGENT = (b"User-Agent", b"claude-cli/2.1.330 (external, cli)")
ANTHROPIC = profiles()["anthropic"]
SENTINEL = b"sk-ant-oat-ccproxy-main"
PROVIDER = Origin("https", "llm.example", 8443)


def headers(*others: tuple[bytes, bytes]) -> Headers:
    return [(b"Host", b"127.0.0.1:4000"), (b"x-api-key", SENTINEL), (b"Content-Type", b"application/json"), *others]


def exchange(
    body: bytes | None = None,
    target: bytes = b"/v1/messages?beta=true",
    fields: Headers | None = None,
    **others: Any,
) -> Exchange:
    request = HttpRequest("POST", target, headers() if fields is None else fields, body or json.dumps(BODY).encode())
    return Exchange(request, format=WireFormat.ANTHROPIC, **others)


def shape(ex: Exchange) -> Shape:
    return shape_of(ex, "anthropic", ANTHROPIC, Provenance("flow"))


def routed(origin: Origin | None) -> Route:
    return Route("redirect", "main", WireFormat.ANTHROPIC, origin, "sentinel main in x-api-key")


def test_the_clients_own_request_counts_and_not_what_was_made_of_it() -> None:
    """W-SHAPE-5: neither the listener's address nor what ccproxy put into the forwarded request is in the shape."""
    ex = exchange(fields=headers((b"x-app", b"cli"), (b"x-ccproxy-hooks", b"-shape")), route=routed(PROVIDER))
    sent = [(b"host", b"127.0.0.1:9"), (b"x-ccproxy-target-url", b"https://llm.example"), (b"x-added", b"1")]
    ex.forwarded = HttpRequest("POST", b"/other", sent, b"{}")
    assert shape(ex) == Shape(
        "anthropic",
        "POST",
        "https://llm.example:8443/v1/messages?beta=true",
        [
            (b"Host", HOST.encode()),
            (b"x-api-key", CREDENTIAL.encode()),
            (b"Content-Type", b"application/json"),
            (b"x-app", b"cli"),
        ],
        {"zone": "b"},
        Provenance("flow"),
    )


JAILED = Origin("https", "api.example", 443)
OURS = Origin("http", "127.0.0.1", 4000)
MADE = Origin("simulator", "simulator", 0)


@pytest.mark.parametrize(
    ("others", "origin"),
    [
        ({"front": "jail", "destination": JAILED, "route": routed(PROVIDER)}, "https://api.example"),
        ({"front": "jail", "destination": OURS, "route": routed(PROVIDER)}, "https://llm.example:8443"),
        ({"front": "jail", "destination": OURS, "route": routed(OURS)}, "https://api.anthropic.com"),
        ({"destination": OURS, "route": routed(OURS)}, "https://api.anthropic.com"),
        ({"route": routed(PROVIDER)}, "https://llm.example:8443"),
        ({"route": routed(Origin("http", "127.0.0.1", 11434))}, "http://127.0.0.1:11434"),
        ({"route": routed(MADE)}, "https://api.anthropic.com"),
        ({"route": None}, "https://api.anthropic.com"),
        ({"fields": [(b"content-type", b"application/json")]}, "https://api.anthropic.com"),
        ({"fields": [(b"host", b"[::1]:4000"), (b"content-type", b"application/json")]}, "https://api.anthropic.com"),
        ({"fields": [(b"host", b"localhost"), (b"content-type", b"application/json")]}, "https://api.anthropic.com"),
        ({"fields": [(b"host", b"h.example:81"), (b"content-type", b"application/json")]}, "https://h.example:81"),
        ({"fields": [(b"host", b"[::"), (b"content-type", b"application/json")]}, "https://api.anthropic.com"),
    ],
)
def test_where_it_was_meant_to_go(others: dict[str, Any], origin: str) -> None:
    """W-SHAPE-5: no address of this machine, where a provider or the client says another."""
    assert shape(exchange(**others)).url == f"{origin}/v1/messages?beta=true"


def test_a_target_in_absolute_form() -> None:
    ex = exchange(target=b"http://127.0.0.1:4000/v1/messages?beta=true", route=routed(PROVIDER))
    assert shape(ex).url == "https://llm.example:8443/v1/messages?beta=true"


def test_credentials_in_the_target_are_left_out() -> None:
    assert shape(exchange(target=b"/v1/messages?key=" + SENTINEL + b"&a=b", route=routed(PROVIDER))).query == b"a=b"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_a_coded_body(coding: str) -> None:
    fields = headers((b"Content-Encoding", coding.encode()))
    found = shape(exchange(encode(json.dumps(BODY).encode(), coding), fields=fields))
    assert found.body == {"zone": "b"}
    assert [name for name, _ in found.headers] == [b"Host", b"x-api-key", b"Content-Type"]


def test_what_codex_sends() -> None:
    session = "1a2b3c4d-0000-4111-8222-333344445555"
    body = {"model": "m", "instructions": "You are a tool.", "input": [], "prompt_cache_key": session, "store": False}
    fields = [
        (b"authorization", b"Bearer " + b"made-up-" * 4),
        (b"chatgpt-account-id", b"1"),
        (b"session-id", session.encode()),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-encoding", b"zstd"),
    ]
    ex = exchange(encode(json.dumps(body).encode(), "zstd"), b"/backend-api/codex/responses", fields)
    found = shape_of(ex, "openai_responses", profiles()["openai_responses"], Provenance())
    assert found.body == {"instructions": "You are a tool."}
    names = [b"authorization", b"chatgpt-account-id", b"session-id", b"content-type"]
    assert [name for name, _ in found.headers] == names
    assert found.headers[1][1] == b"ccproxy:credential"


CONTENT_TYPE = (b"Content-Type", b"application/json")


def altered(**members: Any) -> Exchange:
    ex = exchange()
    for name, value in members.items():
        setattr(ex.request, name, value)
    return ex


@pytest.mark.parametrize(
    ("ex", "reason"),
    [
        (altered(method="GET"), "its method is GET, not POST"),
        (altered(target=b"/v1/messages/count_tokens"), "its path /v1/messages/count_tokens does not match"),
        (altered(headers=[]), "its content-type is not told, not application/json"),
        (altered(headers=[(b"content-type", b"text/plain")]), "its content-type is text/plain"),
        (altered(headers=[(b"content-type", b"application/jsonl")]), "its content-type is application/jsonl"),
        (altered(body=b"{"), "its body is not JSON"),
        (altered(body=b"[1]"), "its body is no JSON object"),
        (altered(body=b"[" * 100_000), "its body is not JSON"),
        (altered(dropped=5), "bytes of its body were kept"),
        (altered(headers=[CONTENT_TYPE, (b"content-encoding", b"gzip")]), "its body cannot be decoded"),
        (altered(headers=[CONTENT_TYPE, (b"content-encoding", b"lzw")]), "content-encoding 'lzw' is not known"),
        (Exchange(HttpRequest("TCP", b"", []), protocol="tcp", raw=RawRecord()), "it is no HTTP request but tcp"),
    ],
)
def test_why_a_request_cannot_be_a_shape(ex: Exchange, reason: str) -> None:
    assert reason in (why_not(ex, ANTHROPIC) or "")
    with pytest.raises(NotAShape) as raised:
        shape(ex)
    assert raised.value.reason == why_not(ex, ANTHROPIC)


def test_what_can_be_one_has_no_reason_against_it() -> None:
    assert why_not(exchange(), ANTHROPIC) is None


def test_where_a_shape_comes_from() -> None:
    ex = exchange(fields=headers(AGENT), client_tls={"ja4": "t13d", "ja3": "abc"})
    ex.timings.started = 1_760_000_000.5
    known = Provenance("capture", "claude-cli", "2.1.330", 1_760_000_000.5, "t13d", "/opt/claude", "2.1.331")
    assert provenance_of(ex, "capture", "/opt/claude", "2.1.331") == known
    assert fingerprint_of(ex) == {"ja4": "t13d", "ja3": "abc", "user_agent": AGENT[1].decode()}


def test_what_is_not_known_of_a_client() -> None:
    ex = exchange(client_tls={"ja4": 7})
    found = provenance_of(ex, "flow")
    assert (found.client, found.version, found.ja4, found.program) == (None, None, None, None)
    assert fingerprint_of(exchange()) is None
