"""A recorded request once more: what is sent, for whom, and what cannot be."""

from __future__ import annotations

import pytest

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Header, HttpRequest, Origin, Route, WebSocketRecord, WireFormat
from ccproxy.flows.record.record import from_record, to_record, without_bodies
from ccproxy.gateway.replay import NotAgain, again
from ccproxy.providers.provider import ProviderMap, build_providers

BODY = b'{ "model" : "m-1","messages":[]}'
OWN = (b"x-api-key", b"sk-ant-oat-ccproxy-a")
PROVIDERS = {"a": {"type": "anthropic", "base_url": "http://127.0.0.1:1"}, "g": {"type": "simulator"}}


def providers() -> ProviderMap:
    return build_providers(Config.model_validate({"providers": PROVIDERS}))


def recorded(target: bytes = b"/v1/messages", *headers: Header, body: bytes = BODY) -> Exchange:
    return Exchange(HttpRequest("POST", target, list(headers), body))


def sent(old: Exchange, provider: str | None = None, model: str | None = None) -> HttpRequest:
    return again(old, providers(), provider, model).request


def test_a_fresh_exchange() -> None:
    old = recorded(b"/v1/messages?beta=true", (b"Host", b"h"), OWN, (b"X-A", b"1"), (b"X-A", b"2"))
    old.jail, old.front, old.destination = "j", "jail", Origin("https", "elsewhere.example", 443)
    ex = again(old, providers(), None, None)
    assert (ex.front, ex.destination, ex.jail, ex.route) == ("reverse", None, None, None)
    assert ex.id != old.id
    assert ex.tags == {"replay_of": old.id}
    assert ex.request.headers == [(b"Host", b"h"), (b"X-A", b"1"), (b"X-A", b"2"), OWN]
    assert sent(recorded(b"/v1/messages", (b"Content-Length", b"99")), "a").headers[0] == (b"Content-Length", b"32")
    assert (ex.request.target, ex.request.body) == (b"/v1/messages?beta=true", BODY)


@pytest.mark.parametrize(
    "header",
    [
        (b"Authorization", b"Bearer s3cret"),
        (b"x-api-key", b"[redacted]"),
        (b"Cookie", b"s3cret"),
        (b"X-My-Token", b"s3cret"),
        (b"X-Other", b"[redacted]"),
    ],
    ids=lambda header: header[0].decode(),
)
def test_no_credential_of_the_record_goes_along(header: Header) -> None:
    assert sent(recorded(b"/v1/messages", header), "a").headers == [OWN]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (b"/v1beta/models/m:generateContent?key=s3cret", b"/v1beta/models/m:generateContent"),
        (b"/v1beta/models/m:generateContent?alt=sse&key=[redacted]", b"/v1beta/models/m:generateContent?alt=sse"),
        (b"/v1/messages?api_key=[redacted]&beta=true", b"/v1/messages?beta=true"),
        (b"/v1/messages?key=sk-ant-oat-ccproxy-a", b"/v1/messages"),
    ],
)
def test_nor_one_in_the_query(target: bytes, kept: bytes) -> None:
    assert sent(recorded(target), "a").target == kept


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (b"/v1/messages", (b"x-api-key", b"sk-ant-oat-ccproxy-g")),
        (b"/v1/chat/completions", (b"authorization", b"Bearer sk-ant-oat-ccproxy-g")),
        (b"/v1/responses", (b"authorization", b"Bearer sk-ant-oat-ccproxy-g")),
        (b"/v1beta/models/m:generateContent", (b"x-goog-api-key", b"sk-ant-oat-ccproxy-g")),
    ],
)
def test_the_key_stands_where_the_format_has_it(target: bytes, field: Header) -> None:
    assert sent(recorded(target), "g").headers == [field]


def test_the_provider_it_went_to() -> None:
    old = recorded()
    old.route = Route("redirect", "g", WireFormat.ANTHROPIC, Origin("https", "x.example", 443), "rule 1")
    assert sent(old).headers == [(b"x-api-key", b"sk-ant-oat-ccproxy-g")]
    assert sent(recorded(b"/v1/messages", OWN)).headers == [OWN]
    old.route.provider = "gone"
    with pytest.raises(NotAgain, match="'gone', which is not configured any more") as refused:
        sent(old)
    assert "a, g" in refused.value.fix


def test_another_model() -> None:
    request = sent(recorded(b"/v1/messages", (b"Content-Length", b"32")), "a", "longer-2")
    assert request.body == BODY.replace(b"m-1", b"longer-2")
    assert request.headers[0] == (b"Content-Length", b"%d" % len(request.body))
    assert sent(recorded(b"/v1beta/models/m-1:countTokens?a=b"), "a", "x y").target == (
        b"/v1beta/models/x%20y:countTokens?a=b"
    )
    with pytest.raises(NotAgain, match="cannot stand in the path"):
        sent(recorded(b"/v1beta/models/m-1:countTokens"), "a", "x:y")
    with pytest.raises(NotAgain, match="the model cannot be set"):
        sent(recorded(body=b"no json"), "a", "m")


def lost() -> Exchange:
    ex = recorded(b"/v1/messages", OWN)
    ex.request.dropped = 7
    return ex


def spoken() -> Exchange:
    ex = recorded(b"/v1/responses", OWN, body=b"")
    ex.websocket = WebSocketRecord()
    return ex


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (recorded(), "went to no provider"),
        (recorded(b"/v1/unknown", OWN), "no request to an LLM API"),
        (lost(), "was not kept whole: 7 of its bytes"),
        (from_record(without_bodies(to_record(recorded(b"/v1/messages", OWN)))), "was not kept whole"),
        (recorded(b"/v1/messages", OWN, (b"Content-Length", b"40"), body=b""), "was not kept whole: 40 of its bytes"),
        (spoken(), "is a WebSocket"),
        (recorded(b"/v1/responses", OWN, (b"Upgrade", b"WebSocket")), "is a WebSocket"),
        (Exchange(HttpRequest("A", b"name.example", []), protocol="dns"), "is no HTTP request but DNS"),
    ],
)
def test_what_cannot_be_sent_again(old: Exchange, reason: str) -> None:
    with pytest.raises(NotAgain, match=reason):
        sent(old)
