"""Requests that the real providers refuse, refused in the same dialect."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import brotli
import pytest
import zstandard

from ccproxy.simulator import respond
from tests.simulator.asking import FORMATS, PATHS, ask, post, question, text_of, value

DIALECTS = {
    "anthropic": {"type", "error", "request_id"},
    "openai_chat": {"error"},
    "openai_responses": {"error"},
    "gemini": {"error"},
}
FIELDS = {
    "anthropic": {"type", "message"},
    "openai_chat": {"message", "type", "param", "code"},
    "openai_responses": {"message", "type", "param", "code"},
    "gemini": {"code", "message", "status"},
}
STATUSES = [400, 401, 402, 403, 404, 409, 413, 418, 422, 429, 500, 501, 502, 503, 504, 529, 599]


@pytest.fixture(params=FORMATS)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def message(wire: str, body: Any) -> str:
    """The message of an error, after checking that it is one of the dialect."""
    assert set(body) == DIALECTS[wire]
    assert set(body["error"]) >= FIELDS[wire]
    return str(body["error"]["message"])


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_on_demand(wire: str, status: int, stream: bool) -> None:
    reply = ask(wire, f"SIM_ERROR {status}", stream)
    assert reply.status == status
    assert str(status) in message(wire, value(reply))
    assert dict(reply.headers)[b"content-length"] == b"%d" % len(reply.body)
    assert (b"retry-after" in dict(reply.headers)) is (status in (429, 503, 529))


@pytest.mark.parametrize("text", ["SIM_ERROR", "SIM_ERROR 200", "SIM_ERROR 99999"])
def test_an_error_that_is_none_is_a_500(wire: str, text: str) -> None:
    assert ask(wire, text).status == 500


def test_names_of_errors() -> None:
    body = {wire: value(ask(wire, "SIM_ERROR 429"))["error"] for wire in FORMATS}
    assert body["anthropic"]["type"] == "rate_limit_error"
    assert body["openai_chat"]["code"] == body["openai_responses"]["code"] == "rate_limit_exceeded"
    assert body["gemini"]["status"] == "RESOURCE_EXHAUSTED"
    assert value(ask("anthropic", "SIM_ERROR 529"))["error"]["type"] == "overloaded_error"


def test_google_puts_the_error_of_an_array_stream_into_an_array() -> None:
    reply = post("/v1beta/models/x:streamGenerateContent", question("gemini", "SIM_ERROR 503"))
    (error,) = value(reply)
    assert error["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"a": NaN}', b'{"a":' * 300 + b"1" + b"}" * 300])
def test_a_body_that_is_no_object(wire: str, body: bytes) -> None:
    reply = post(PATHS[wire], body)
    assert reply.status == 400
    assert "JSON" in message(wire, value(reply))


REQUIRED = [
    ("anthropic", "model"),
    ("anthropic", "messages"),
    ("anthropic", "max_tokens"),
    ("openai_chat", "model"),
    ("openai_chat", "messages"),
    ("openai_responses", "model"),
    ("openai_responses", "input"),
    ("gemini", "contents"),
]


@pytest.mark.parametrize(("wire", "field"), REQUIRED)
@pytest.mark.parametrize("wrong", [None, False, {}])
def test_a_required_field(wire: str, field: str, wrong: object) -> None:
    body = question(wire, "hello")
    del body[field]
    if wrong is not None and field != "input":
        body[field] = wrong
    reply = post(PATHS[wire], body)
    assert reply.status == 400
    assert field in message(wire, value(reply))


@pytest.mark.parametrize("messages", [[], [1], [{"role": "robot", "content": "x"}], [{}]])
def test_turns_of_a_wrong_kind(messages: list[Any]) -> None:
    assert ask("anthropic", "", messages=messages).status == 400


@pytest.mark.parametrize("limit", [0, -1, 1.5, "7", True])
def test_a_limit_of_a_wrong_kind(limit: object) -> None:
    assert ask("anthropic", "hello", max_tokens=limit).status == 400


UNKNOWN = {
    "/v1/messages/nothing": "anthropic",
    "/v1/nothing": "openai_chat",
    "/": "openai_chat",
    "/v1beta/nothing": "gemini",
    "/v1internal:nothing": "gemini",
}


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_path(path: str) -> None:
    reply = post(path, {})
    assert reply.status == 404
    assert message(UNKNOWN[path], value(reply))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method(wire: str, method: str) -> None:
    reply = respond(method, PATHS[wire].encode(), [], b"")
    assert reply.status == 405
    assert dict(reply.headers)[b"allow"] == b"POST"
    assert method in message(wire, value(reply))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_response_is_stored(method: str) -> None:
    reply = respond(method, b"/v1/responses/resp_1?include=x", [], b"")
    assert reply.status == 404
    assert "resp_1" in message("openai_responses", value(reply))


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_bodies_are_read(wire: str, coding: str) -> None:
    body = json.dumps(question(wire, "pack me tight")).encode()
    reply = post(PATHS[wire], CODINGS[coding](body), {"Content-Encoding": coding})
    assert "pack me tight" in text_of(wire, value(reply))


@pytest.mark.parametrize("coding", ["gzip", "zstd", "snappy"])
def test_a_body_that_does_not_decode(wire: str, coding: str) -> None:
    reply = post(PATHS[wire], b"not compressed at all", {"content-encoding": coding})
    assert reply.status == 400
    assert coding in message(wire, value(reply))


MODELS = [
    ("/v1/models", {}, "openai"),
    ("/v1/models", {"anthropic-version": "2023-06-01"}, "anthropic"),
    ("/v1/models?key=x", {}, "google"),
    ("/v1beta/models", {}, "google"),
]


@pytest.mark.parametrize(("path", "headers", "vendor"), MODELS)
def test_models(path: str, headers: dict[str, str], vendor: str) -> None:
    fields = [(name.encode(), data.encode()) for name, data in headers.items()]
    reply = respond("GET", path.encode(), fields, b"")
    listed = value(reply)["models" if vendor == "google" else "data"]
    assert listed[0].get("owned_by") == ("simulator" if vendor == "openai" else None)
    assert (listed[0].get("type") == "model") is (vendor == "anthropic")
    target = path.encode().replace(b"models", b"models/any-name")
    assert "any-name" in respond("GET", target, fields, b"").body.decode()


def test_head_is_get_without_a_body() -> None:
    reply, whole = (respond(method, b"/v1/models", [], b"") for method in ("HEAD", "GET"))
    assert reply.body == b""
    assert dict(reply.headers)[b"content-length"] == b"%d" % len(whole.body)


def test_request_ids() -> None:
    assert b"request-id" in dict(ask("anthropic", "hi").headers)
    assert b"x-request-id" in dict(ask("openai_chat", "hi", stream=True).headers)
    assert b"x-request-id" in dict(ask("openai_responses", "SIM_ERROR 500").headers)
