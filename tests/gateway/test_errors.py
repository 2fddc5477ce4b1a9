"""Errors in each dialect, whole and as the end of a stream that broke off anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat, reason_phrase
from ccproxy.gateway.errors import Refused, error_body, stream_error
from ccproxy.simulator import respond
from tests.support.sse import Event, events

STATUSES = [400, 401, 403, 404, 405, 408, 413, 426, 429, 431, 500, 501, 502, 503, 504, 505, 529]
MESSAGE = 'no "quotes"\nlost: \u00e9 \u2028 </script>'

ANTHROPIC_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    405: "invalid_request_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
    502: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
OPENAI_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "invalid_request_error", 429: "rate_limit_error", 500: "server_error", 502: "server_error",
}  # fmt: skip
GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL",
    501: "UNIMPLEMENTED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def whole(dialect: WireFormat, status: int) -> Any:
    return json.loads(error_body(dialect, status, "some_kind", MESSAGE))


@pytest.mark.parametrize("status", STATUSES)
def test_anthropic(status: int) -> None:
    document = whole(WireFormat.ANTHROPIC, status)
    kind = ANTHROPIC_TYPES.get(status, document["error"]["type"])
    assert document == {"type": "error", "error": {"type": kind, "message": MESSAGE}}


@pytest.mark.parametrize("dialect", [WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES])
@pytest.mark.parametrize("status", STATUSES)
def test_openai(dialect: WireFormat, status: int) -> None:
    document = whole(dialect, status)
    kind = OPENAI_TYPES.get(status, document["error"]["type"])
    assert document == {"error": {"message": MESSAGE, "type": kind, "code": "some_kind", "param": None}}


@pytest.mark.parametrize("status", STATUSES)
def test_google(status: int) -> None:
    document = whole(WireFormat.GEMINI, status)
    name = GOOGLE_STATUSES.get(status, document["error"]["status"])
    assert document == {"error": {"code": status, "message": MESSAGE, "status": name}}


def test_a_refusal_is_what_it_was_told() -> None:
    refusal = Refused(429, "kind", "message", [(b"Retry-After", b"1")])
    assert (refusal.status, refusal.kind, refusal.message, str(refusal)) == (429, "kind", "message", "message")
    assert refusal.headers == [(b"Retry-After", b"1")]
    assert Refused(400, "a", "b").headers == []


def test_reason_phrases() -> None:
    assert [reason_phrase(status) for status in (200, 404, 529, 99)] == [b"OK", b"Not Found", b"", b""]


def is_error(dialect: WireFormat, event: Event) -> bool:
    """True for an event that a client of this dialect takes for an error."""
    try:
        document = json.loads(event.data)
    except ValueError:
        return event.name == "error" or dialect in (WireFormat.OPENAI, WireFormat.GEMINI)
    if dialect is WireFormat.ANTHROPIC:
        return event.name == "error"
    if dialect is WireFormat.OPENAI_RESPONSES:
        return document["type"] in ("error", "response.failed")
    return "error" in document


@pytest.mark.parametrize("dialect", CLIENT_FORMATS)
def test_alone_it_is_one_error(dialect: WireFormat) -> None:
    found = events(stream_error(dialect, 502, "reset", MESSAGE))
    assert found
    assert all(is_error(dialect, event) for event in found)
    for event in found:
        document = json.loads(event.data)
        assert document.get("response", document)["error"]["message"] == MESSAGE
    names = [event.name for event in found]
    assert names == {
        WireFormat.ANTHROPIC: ["error"],
        WireFormat.OPENAI_RESPONSES: ["error", "response.failed"],
    }.get(dialect, [""])


TARGETS = {
    WireFormat.ANTHROPIC: b"/v1/messages",
    WireFormat.OPENAI: b"/v1/chat/completions",
    WireFormat.OPENAI_RESPONSES: b"/v1/responses",
    WireFormat.GEMINI: b"/v1beta/models/m:streamGenerateContent?alt=sse",
}
TEXT = "SIM_THINK Say hello in a few words, with \u00e9 and \U0001f600. SIM_ECHO"
BODIES: dict[WireFormat, Any] = {
    WireFormat.ANTHROPIC: {"max_tokens": 99, "messages": [{"role": "user", "content": TEXT}]},
    WireFormat.OPENAI: {"messages": [{"role": "user", "content": TEXT}]},
    WireFormat.OPENAI_RESPONSES: {"input": TEXT},
    WireFormat.GEMINI: {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]},
}


def stream(dialect: WireFormat) -> bytes:
    """A whole stream of the simulator."""
    named = {} if dialect is WireFormat.GEMINI else {"model": "m", "stream": True}
    reply = respond("POST", TARGETS[dialect], [], json.dumps(named | BODIES[dialect]).encode())
    assert reply.status == 200
    return reply.body


STREAMS = {dialect: stream(dialect) for dialect in CLIENT_FORMATS}


@settings(max_examples=400)
@given(dialect=st.sampled_from(CLIENT_FORMATS), data=st.data(), crlf=st.booleans())
def test_a_half_event_never_becomes_a_good_one(dialect: WireFormat, data: st.DataObject, crlf: bool) -> None:
    """Wherever a stream breaks off: what came before is as it was, then come errors, and no end of an answer.

    An event of which only the empty line behind it is missing has come; it may count.
    """
    body = STREAMS[dialect].replace(b"\n", b"\r\n") if crlf else STREAMS[dialect]
    cut = data.draw(st.integers(0, len(body)))
    end = b"\r\n" if crlf else b"\n"
    came = events_of_bytes(body[:cut])
    almost = events_of_bytes(body[:cut].removesuffix(b"\r").removesuffix(end) + end * 2)
    read = events_of_bytes(body[:cut] + stream_error(dialect, 502, "reset", MESSAGE))
    assert read[: len(came)] == came
    rest = read[len(came) :]
    if rest[0] in almost and len(almost) > len(came):
        rest = rest[1:]
    assert rest
    assert all(is_error(dialect, event) for event in rest), rest


def events_of_bytes(body: bytes) -> list[Event]:
    """The events, octets that are not UTF-8 replaced as the standard says."""
    return events(body.decode("utf-8", "replace").encode())
