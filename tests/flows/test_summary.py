"""The JSON of an exchange, and that no credential is in it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from ccproxy.exchange import Exchange, Failure, HttpRequest, HttpResponse, Origin, Route
from ccproxy.flows.secrets.redact import REDACTED, redact_headers, redact_target
from ccproxy.flows.summary import detail, origin_of, summarize


def test_a_finished_exchange(recording: Callable[[str], Exchange]) -> None:
    ex = recording("anthropic_stream")
    summary = json.loads(json.dumps(summarize(ex)))
    assert {key: value for key, value in summary.items() if key not in ("request", "response", "time", "id")} == {
        "front": "reverse",
        "client": "127.0.0.1:51000",
        "method": "POST",
        "path": "/v1/messages",
        "format": "anthropic",
        "model": "claude-sonnet-4-6",
        "dest_model": "claude-sonnet-4-6",
        "answered_model": None,
        "provider": "main",
        "action": "redirect",
        "reason": "sentinel main in x-api-key",
        "url": "https://api.anthropic.com/v1/messages",
        "status": 200,
        "error": None,
        "refusal": None,
        "stream": True,
        "usage": {
            "input_tokens": 1007,
            "output_tokens": 59,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        },
        "first_byte_ms": 110,
        "total_ms": 500,
        "dropped": {},
        "attempts": 1,
        "request_bytes": len(ex.request.body),
        "response_bytes": len(ex.response.body) if ex.response else 0,
        "client_tls": None,
        "user_agent": None,
        "done": True,
        "hooks": [],
        "session": None,
        "conversation": None,
        "system_hash": None,
        "tags": {},
        "jail": None,
        "thread": None,
        "protocol": "http",
        "process": None,
        "destination": None,
        "talk": None,
    }
    assert summary["time"].endswith("+00:00")
    assert summary["request"]["pretty_host"] == "api.anthropic.com"
    assert summary["request"]["headers"] == [["Host", "api.anthropic.com"], ["x-api-key", REDACTED]]
    assert summary["response"]["status_code"] == 200
    told = detail(ex)
    assert [(each["status"], each["ms"], each["reused"]) for each in told["tries"]] == [(200, 98, False)]
    assert "top-secret" not in json.dumps(told)


def test_a_detail_with_its_credentials(recording: Callable[[str], Exchange]) -> None:
    ex = recording("anthropic_stream")
    ex.request.target += b"?key=s3cret"
    ex.attempts[0].headers = [(b"set-cookie", b"crumb")]
    told = detail(ex, secrets=True)
    assert told["request"]["headers"] == [["Host", "api.anthropic.com"], ["x-api-key", "top-secret"]]
    assert (told["path"], told["tries"][0]["headers"]) == ("/v1/messages?key=s3cret", [["set-cookie", "crumb"]])
    changed = {key for key, value in detail(ex).items() if value != told[key]}
    assert changed == {"path", "request", "tries", "client_headers"}


def test_an_exchange_under_way() -> None:
    ex = Exchange(
        HttpRequest("POST", b"/v1/chat/completions?key=s3cret", [(b"Host", b"[::1]:4000")], b'{"stream":true}')
    )
    summary = summarize(ex)
    assert (summary["status"], summary["response"], summary["done"], summary["total_ms"]) == (None, None, False, None)
    assert summary["url"] == "http://[::1]:4000/v1/chat/completions?key=[redacted]"
    assert summary["path"] == "/v1/chat/completions?key=[redacted]"
    assert summary["stream"] is True


def test_an_exchange_that_failed_before_it_was_forwarded() -> None:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [], b"not json"))
    ex.route = Route("local", None, None, None, "no route")
    ex.failure = Failure("no_route", "no provider is named")
    ex.response = HttpResponse(501, [(b"content-type", b"application/json"), (b"Set-Cookie", b"a=b")], chunks=[b"{}"])
    summary = summarize(ex)
    assert summary["error"] == {"kind": "no_route", "message": "no provider is named"}
    assert (summary["status"], summary["model"], summary["stream"]) == (501, None, False)
    assert summary["response"]["headers"][1] == ["Set-Cookie", REDACTED]


def test_the_url_of_one_that_never_left_is_where_it_was_meant_to_go() -> None:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [(b"host", b"127.0.0.1:4000")], b"{}"))
    ex.route = Route("redirect", "main", None, Origin("https", "api.test", 443), "sentinel")
    ex.failure = Failure("credential_failed", "the vault is locked")
    assert (summarize(ex)["url"], summarize(ex)["request"]["host"]) == ("https://api.test/v1/messages", "api.test")


def test_bodies_as_text_or_base64() -> None:
    ex = Exchange(HttpRequest("POST", b"/", [(b"content-encoding", b"gzip")], gzip.compress("grüß".encode())))
    ex.response = HttpResponse(200, [], chunks=[b"\xff\xfe"], dropped=5)
    bodies = detail(ex)["bodies"]
    assert bodies["client_request"]["text"] == "grüß"
    assert bodies["client_response"] == {"text": "//4=", "encoding": "base64", "size": 7, "truncated": True}
    assert bodies["forwarded_request"] is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"localhost:4000", Origin("http", "localhost", 4000)),
        (b"127.0.0.1", Origin("http", "127.0.0.1", 80)),
        (b"[::1]:80", Origin("http", "::1", 80)),
        (b"[::1]", Origin("http", "::1", 80)),
        (b"", Origin("http", "localhost", 80)),
        (b"x:\xb2", Origin("http", "x:\xb2", 80)),
    ],
)
def test_the_listener_as_origin(host: bytes, origin: Origin) -> None:
    assert origin_of(Exchange(HttpRequest("GET", b"/", [(b"host", host)]))) == origin


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "x-api-key",
        "X-Goog-Api-Key",
        "api-key",
        "Cookie",
        "set-cookie",
        "Proxy-Authorization",
        "x-my-token",
    ],
)
def test_headers_with_credentials(name: str) -> None:
    assert redact_headers([(name.encode(), b"secret")]) == [[name, REDACTED]]


@pytest.mark.parametrize("name", ["accept", "anthropic-version", "content-type", "x-request-id", "sec-websocket-key"])
def test_other_headers(name: str) -> None:
    assert redact_headers([(name.encode(), b"v\xe9")]) == [[name, "vé"]]


def test_queries_with_credentials() -> None:
    assert redact_target(b"/m:x?alt=sse&key=abc&monkey=1&access_token=t") == (
        "/m:x?alt=sse&key=[redacted]&monkey=1&access_token=[redacted]"
    )
    assert redact_target(b"/key=abc") == "/key=abc"
    assert redact_target(b"/m:x?%6bey=abc&a%20b=1&%24alt=sse") == "/m:x?%6bey=[redacted]&a%20b=1&%24alt=sse"
