"""What the transport is told of calls for which other models may answer, and the same request for another model."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Headers, HttpRequest
from ccproxy.gateway.capacity import walk_of, with_answered, with_model
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.router import Router
from ccproxy.providers.provider import build_providers
from ccproxy.transport.delivery import Walk

CODE_ASSIST = {"type": "gemini", "base_url": "http://127.0.0.1:9", "path": "/v1internal:{action}"}
ENVELOPE = {"model": "gemini-x", "request": {"contents": []}}


def walk(path: str, body: Any, *headers: tuple[bytes, bytes], method: str = "POST", key: str = "login") -> Walk | None:
    """What is told of a request whose body leaves as it came."""
    providers = {"login": CODE_ASSIST, "public": {"type": "gemini", "base_url": "http://127.0.0.1:9"}}
    sentinel = (b"x-goog-api-key", b"sk-ant-oat-ccproxy-" + key.encode())
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    inquiry = Inquiry(Exchange(HttpRequest(method, path.encode(), [sentinel, *headers], data)))
    config = Config.model_validate({"providers": providers})
    return walk_of(inquiry, Router([], build_providers(config)).route(inquiry), inquiry.draft)


def test_the_model_is_the_envelopes() -> None:
    for path in ("/v1internal:generateContent", "/v1beta/models/other:streamGenerateContent"):
        told = walk(path, ENVELOPE)
        assert told is not None
        assert (told.model, told.with_model) == ("gemini-x", with_model)


def test_a_count_is_of_its_own_model_only() -> None:
    assert walk("/v1internal:countTokens", {"request": {"model": "models/gemini-x"}}) == Walk("gemini-x", None)


@pytest.mark.parametrize(
    ("path", "method", "key"),
    [
        ("/v1internal:loadCodeAssist", "POST", "login"),
        ("/v1internal:generateContent", "GET", "login"),
        ("/v1beta/models/m:generateContent", "POST", "public"),
        ("/v1beta/files", "POST", "public"),
    ],
)
def test_nothing_is_told_of_others(path: str, method: str, key: str) -> None:
    assert walk(path, ENVELOPE, method=method, key=key) is None


@pytest.mark.parametrize("pin", [b"1", b"true", b"yes", b"", b"gemini-x", b"offline"])
def test_a_pin_keeps_the_model(pin: bytes) -> None:
    assert walk("/v1internal:generateContent", ENVELOPE, (b"X-Ccproxy-Pin", pin)) == Walk("gemini-x", None)


@pytest.mark.parametrize("pin", [b"0", b"false", b"No", b" FALSE ", b"Off"])
def test_some_pins_are_none(pin: bytes) -> None:
    told = walk("/v1internal:generateContent", ENVELOPE, (b"X-Ccproxy-Pin", pin))
    assert told is not None
    assert told.with_model is not None


def test_one_pin_of_several_is_enough() -> None:
    for pins in ([b"1", b"0"], [b"0", b"1"], [b"off", b"no", b"yes"]):
        fields = [(b"X-Ccproxy-Pin", pin) for pin in pins]
        assert walk("/v1internal:generateContent", ENVELOPE, *fields) == Walk("gemini-x", None)
    fields = [(b"x-ccproxy-pin", b"no"), (b"X-CCPROXY-PIN", b"0")]
    assert walk("/v1internal:generateContent", ENVELOPE, *fields) == Walk("gemini-x", with_model)


@pytest.mark.parametrize("model", ["models/gemini-x", "gemini-x"])
def test_a_model_has_one_name(model: str) -> None:
    """Or else the same model looks like another one that took its place."""
    assert walk("/v1internal:generateContent", ENVELOPE | {"model": model}) == Walk("gemini-x", with_model)


@pytest.mark.parametrize("name", ["gemini-x", "gemini%2Dx", "models%2Fgemini-x"])
def test_a_model_that_only_the_path_names(name: str) -> None:
    for operation, kept in (("generateContent", with_model), ("countTokens", None)):
        assert walk(f"/v1beta/models/{name}:{operation}", {"request": {"contents": []}}) == Walk("gemini-x", kept)


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"model": 5}', b"{}"])
def test_a_model_that_nobody_names(body: bytes) -> None:
    assert walk("/v1internal:generateContent", body) == Walk("", with_model)


def asking(body: bytes, *headers: tuple[bytes, bytes]) -> HttpRequest:
    fields: Headers = [(b"Host", b"x"), (b"CONTENT-length", b"%d" % len(body)), *headers]
    return HttpRequest("POST", b"/v1internal:generateContent?alt=sse", fields, body)


def test_another_model_changes_the_model_only() -> None:
    body = (
        b'{ "model" : "gemini-x" ,"request":{"contents":[{"parts":[{"text":"\\u00fc \\"model\\": \\"gemini-x\\""}]}]} }'
    )
    first = asking(body, (b"User-Agent", b"GeminiCLI/1.0/gemini-x (linux; gemini-x-lite)"), (b"X-A", b"gemini-x"))
    second = with_model(first, "gemini-spare-1")
    assert second.body == body.replace(b"gemini-x", b"gemini-spare-1", 1)
    assert second.headers == [
        (b"Host", b"x"),
        (b"CONTENT-length", b"%d" % len(second.body)),
        (b"User-Agent", b"GeminiCLI/1.0/gemini-spare-1 (linux; gemini-x-lite)"),
        (b"X-A", b"gemini-x"),
    ]
    assert (second.target, second.method) == (first.target, "POST")
    assert (first.body, first.headers[1][1]) == (body, b"%d" % len(body))


def test_a_coding_is_undone() -> None:
    body = b'{"model":"gemini-x","request":{}}'
    second = with_model(asking(gzip.compress(body), (b"Content-Encoding", b"gzip")), "b")
    assert second.body == b'{"model":"b","request":{}}'
    assert second.headers == [(b"Host", b"x"), (b"CONTENT-length", b"26")]


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", gzip.compress(b"{}", mtime=0)[:9]], ids=["no json", "a list", "cut"]
)
def test_what_has_no_model_is_the_same_request(body: bytes) -> None:
    coding = [(b"Content-Encoding", b"gzip")] if body[:1] == b"\x1f" else []
    first = asking(body, *coding)
    assert with_model(first, "b") is first


def test_a_body_without_a_model_gets_one() -> None:
    assert with_model(asking(b'{"request":{}}'), "b").body == b'{"model":"b","request":{}}'


@pytest.mark.parametrize(("model", "value"), [("gemini-x", b"gemini-x"), ("a\r\nb: ü", b"a%0D%0Ab:%20%C3%BC")])
def test_the_answer_names_its_model(model: str, value: bytes) -> None:
    reply = with_answered(Reply(200, [(b"X-Ccproxy-Model", b"theirs"), (b"A", b"b")]), model)
    assert reply.headers == [(b"A", b"b"), (b"x-ccproxy-model", value)]
    for status in (302, 400):
        assert with_answered(Reply(status, []), model).headers == []
