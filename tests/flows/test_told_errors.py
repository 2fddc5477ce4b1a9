"""What a provider says was wrong: in the body of a refusal, and in the event that ends a stream."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, Failure, Header, HttpRequest, HttpResponse
from ccproxy.flows.summary import summarize
from ccproxy.flows.told_errors import MOST, refusal_of, stream_error_of

SSE: Header = (b"content-type", b"text/event-stream")
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def answered(body: bytes, status: int = 400, headers: list[Header] | None = None, target: bytes = b"/v1/x") -> Exchange:
    ex = Exchange(HttpRequest("POST", target, [(b"Authorization", b"Bearer my-own-secret-key")]))
    chunks = [body[at : at + 700] for at in range(0, len(body), 700)]
    ex.provider_response = ex.response = HttpResponse(status, headers or [], b"", chunks, complete=True)
    return ex


def events(*values: Any) -> bytes:
    return b"".join(b"event: x\ndata: " + json.dumps(each).encode() + b"\n\n" for each in values)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (OVERLOADED, "Overloaded"),
        ({"error": {"message": "no such model", "type": "invalid_request_error", "code": None}}, "no such model"),
        ([{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}], "Quota exceeded"),
        ({"error": "model 'x' not found"}, "model 'x' not found"),
        ({"message": "Unauthorized"}, "Unauthorized"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"error": {"type": "overloaded_error"}}, "overloaded_error"),
        ({}, None),
    ],
)
def test_refusals_in_json(body: Any, told: str | None) -> None:
    assert refusal_of(answered(json.dumps(body).encode())) == told
    assert summarize(answered(json.dumps(body).encode(), 200))["refusal"] is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\n  upstream connect error\nmore", "upstream connect error"),
        (b"<html>\n<head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"),
        (b"", None),
        (b'{"error": {"mess', None),
    ],
)
def test_refusals_in_text(body: bytes, told: str | None) -> None:
    assert refusal_of(answered(body, 502)) == told
    assert refusal_of(answered(gzip.compress(body), 502, [(b"content-encoding", b"gzip")])) == told


def test_a_refusal_is_short_and_holds_no_credentials() -> None:
    known, own = "sk-proj-abcdefghijklmnopqrstuv", "my-own-secret-key"
    told = refusal_of(answered(json.dumps({"error": {"message": f"bad {known} and {own}"}}).encode())) or ""
    assert told == "bad [redacted] and [redacted]"
    assert len(refusal_of(answered(b"x" * 5000)) or "") == MOST


def test_a_refusal_does_not_repeat_the_providers_cookie() -> None:
    ex = answered(b"the cookie session=opaque-cookie is bad: seen=1")
    ex.forwarded = HttpRequest("POST", b"/", [(b"Cookie", b"seen=1; session=opaque-cookie; other=2")])
    ex.credential_headers = frozenset({"cookie"})
    assert refusal_of(ex) == "the cookie session=[redacted] is bad: seen=1"


def test_a_refusal_that_cannot_be_seen_says_nothing() -> None:
    assert refusal_of(answered(b"\x00")) is None


FAILED = {"type": "response.failed", "response": {"instructions": "i" * 9000, "error": {"message": "it broke"}}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (events({"type": "message_start"}, OVERLOADED), "Overloaded"),
        (events({"choices": []}, {"error": {"message": "it broke"}}) + b"data: [DONE]\n\n", "it broke"),
        (events({"type": "response.created"}, FAILED), "it broke"),
        (events({"type": "response.created"}, {"type": "error", "message": "no"}), "no"),
        (events({"delta": 'it says {"error": {"message": "x"}}'}), None),
        (events({"type": "response.completed", "response": {"error": None, "output": "o" * 9000}}), None),
        (events({"n": "x" * 9000}), None),
        (b"", None),
    ],
)
def test_streams_that_end_in_an_error(body: bytes, told: str | None) -> None:
    expected = {"kind": "stream_error", "message": told} if told else None
    assert summarize(answered(body, 200, [SSE]))["error"] == expected
    assert stream_error_of(answered(gzip.compress(body), 200, [SSE, (b"content-encoding", b"gzip")])) == told
    assert stream_error_of(answered(body, 200)) is None


def test_an_error_in_geminis_array() -> None:
    body = b'[{"candidates": []}\n,\n{"error": {"code": 503, "message": "busy", "details": [{"a": {}}]}}\n]'
    assert stream_error_of(answered(body, 200, target=b"/v1beta/models/g:streamGenerateContent")) == "busy"


def test_what_failed_here_comes_first_and_what_the_client_got_counts_too() -> None:
    ex = answered(events({"type": "message_start"}), 200, [SSE])
    ex.response = HttpResponse(200, [SSE], b"", [events(OVERLOADED)])
    assert stream_error_of(ex) == "Overloaded"
    ex.failure = Failure("cut", "it broke off")
    assert summarize(ex)["error"] == {"kind": "cut", "message": "it broke off"}


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda data: b'data: {"error"' + data), st.booleans())
def test_no_body_is_too_odd(body: bytes, streamed: bool) -> None:
    status = 200 if streamed else 500
    told = (stream_error_of if streamed else refusal_of)(answered(body, status, [SSE]))
    assert told is None or (told and len(told) <= MOST)


def test_a_deep_one() -> None:
    assert refusal_of(answered(b'{"error":' * 900 + b"1" + b"}" * 900)) is None
