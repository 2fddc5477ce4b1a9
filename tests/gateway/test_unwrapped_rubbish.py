"""What Code Assist, or something on the way to it, sends in place of an answer: an error for a Gemini client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import pytest

from ccproxy.exchange import Headers
from ccproxy.gateway.errors import Refused
from ccproxy.pipeline.hook import Hook
from ccproxy.transport.carrier import TransportError
from tests.gateway.hooked.masks import count, mask
from tests.gateway.hooked.passage import JSON, SSE, Pieces
from tests.gateway.test_unwrapped import (
    CALLS,
    ERROR,
    INNER,
    Bypass,
    bare,
    cut,
    listed,
    stream_of,
    through,
    told,
    wrapped,
)

HTML: Headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"Set-Cookie", b"a=b")]
TEXT: Headers = [(b"Content-Type", b"text/plain")]
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
NO_JSON = "not valid JSON"
NO_ANSWER = "the provider's answer is no GenerateContentResponse"


def refused(
    way: str, pieces: Iterable[bytes | Exception], headers: Headers, status: int = 200
) -> tuple[Bypass, Refused]:
    bypass, incoming = Bypass(CALLS[way]), Pieces(headers, pieces, status)
    bypass.exchange.answered_model = "gemini-x"
    with pytest.raises(Refused) as caught:
        asyncio.run(bypass.take(incoming))
    assert incoming.closed
    assert bypass.exchange.answered_model is None
    return bypass, caught.value


@pytest.mark.parametrize(
    ("headers", "body"),
    [(HTML, PAGE), (JSON, PAGE), (JSON, b""), (HTML, b""), (TEXT, b"Busy."), ([], b"no"), (TEXT, b"")],
)
@pytest.mark.parametrize("way", CALLS)
def test_what_is_no_json_is_an_error(way: str, headers: Headers, body: bytes) -> None:
    bypass, refusal = refused(way, cut(body, 9), headers)
    assert (refusal.status, refusal.kind, refusal.headers) == (502, "malformed_answer", [])
    assert NO_JSON in refusal.message
    record = bypass.exchange.provider_response
    assert record is not None
    assert (record.body, record.complete, record.headers) == (body, True, headers)


@pytest.mark.parametrize("headers", [JSON, TEXT, [], HTML])
@pytest.mark.parametrize(
    "body",
    [b"{}", b"null", b"[]", b"[1]", b"5", b'{"response": null}', b'{"response":{}}', b'{"response": 5}', b'{"x": 1}'],
)
@pytest.mark.parametrize("way", ["sse", "array", "whole"])
def test_json_that_is_no_answer_is_an_error(way: str, body: bytes, headers: Headers) -> None:
    _, refusal = refused(way, [body], headers)
    assert (refusal.status, refusal.message) == (502, NO_ANSWER)


@pytest.mark.parametrize("body", [b'{"totalTokens": 7, "odd": [1.50]}', b"{ }", b'{"odd":{}}'])
def test_a_count_may_hold_what_it_likes(body: bytes) -> None:
    assert through("count", [body], JSON).body == body
    _, refusal = refused("count", [b"null"], JSON)
    assert refusal.message == "the provider's answer holds no count of tokens"


def test_what_only_some_readers_take_passes() -> None:
    """A model's characters may be cut in two, and its numbers be none."""
    inner = b'{"candidates":[{"content":{"parts":[{"text":"\\ud83d"}]},"avgLogprobs":NaN,"x":"\xff"}]}'
    assert through("whole", [wrapped(inner)], JSON).body == inner


@pytest.mark.parametrize("headers", [TEXT, []])
@pytest.mark.parametrize("way", ["sse", "array", "whole"])
def test_an_answer_may_have_another_type(way: str, headers: Headers) -> None:
    passed = through(way, cut(wrapped(INNER[-1]), 5), headers)
    assert passed.body == (listed(INNER[-1:]) if way == "array" else INNER[-1])
    assert passed.field(b"content-type") == b"application/json; charset=UTF-8"
    assert passed.exchange.failure is None


@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_stream_that_is_called_something_else(way: str) -> None:
    """Its first bytes tell, however they come."""
    for headers, size in ((HTML, 99), (JSON, 99), (TEXT, 1), ([], 3)):
        passed = through(way, cut(stream_of(INNER), size), headers)
        assert passed.body == (listed(INNER) if way == "array" else bare(INNER))
        kind = b"application/json; charset=UTF-8" if way == "array" else b"text/event-stream"
        assert (passed.field(b"content-type") or b"").partition(b";")[0] == kind.partition(b";")[0]
    _, refusal = refused(way, [stream_of(INNER[:2])], HTML)
    assert "mid-answer" in refusal.message


@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_stream_by_another_name_that_is_cut_ends_in_an_error(way: str) -> None:
    passed = through(way, cut(stream_of(INNER[:2]), 50), TEXT)
    assert told(passed)["code"] == 502
    assert passed.error is None


@pytest.mark.parametrize("way", ["sse", "array", "whole"])
def test_a_text_that_breaks_off(way: str) -> None:
    broken = TransportError("reset", "the provider's connection broke off")
    for pieces in ([broken], [b"Bu", broken], [b"Busy at the moment", broken]):
        with pytest.raises(TransportError, match="broke off"):
            through(way, pieces, TEXT)
    corrupt = [*TEXT, (b"Content-Encoding", b"gzip")]
    with pytest.raises(TransportError, match="not valid gzip"):
        through(way, [b"not gzip"], corrupt)


# -- errors under a status of success


@pytest.mark.parametrize("body", [ERROR, b'{"response": %b}' % ERROR, b'{"traceId": "t", "error":%b}' % ERROR[13:-2]])
@pytest.mark.parametrize("way", CALLS)
def test_an_error_has_its_own_status(way: str, body: bytes) -> None:
    passed = through(way, [body], [*JSON, (b"Content-Length", b"%d" % len(body))])
    document = json.loads(passed.body)
    error = (document[0] if way == "array" else document)["error"]
    assert passed.reply.status == 429
    assert error == {"code": 429, "message": "slowly", "status": "RESOURCE_EXHAUSTED"}
    assert passed.field(b"content-length") is None
    failure = passed.exchange.failure
    assert failure is not None
    assert failure.message == "slowly"
    assert passed.exchange.answered_model is None


def test_an_error_tells_how_long_to_wait() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "6.2s"}]
    body = json.dumps({"error": {"code": 503, "message": "no", "status": "UNAVAILABLE", "details": details}}).encode()
    passed = through("whole", [body], JSON)
    assert (passed.reply.status, passed.field(b"retry-after"), passed.body) == (503, b"7", body)
    passed = through("whole", [body], [*JSON, (b"Retry-After", b"9")])
    assert passed.field(b"retry-after") == b"9"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("way", CALLS)
def test_a_redirect_leads_nowhere(way: str, status: int) -> None:
    bypass, refusal = refused(way, [b"moved"], [*HTML, (b"Location", b"https://evil.example/")], status)
    assert (refusal.status, refusal.message) == (502, f"the provider answered with a redirect ({status})")
    record = bypass.exchange.provider_response
    assert record is not None
    assert (record.status, record.body) == (status, b"moved")


# -- rubbish in a stream

RUBBISH = [
    b"data: {junk\n\n", b"data: {junk", b"data: {junk\r\n", PAGE, PAGE + b"\n", b"<p>a\n\n<p>b", b": hello\n\n",
    b"\n", b"data: 5\n\n", b"data: null\n\n", b"data: [DONE]\n\n", b'data: {"response": {"responseId": "r"}}\n\n',
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("rubbish", RUBBISH)
@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_stream_of_rubbish_ends_in_an_error(way: str, rubbish: bytes, size: int) -> None:
    passed = through(way, cut(rubbish, size))
    assert "mid-answer" in told(passed)["message"]
    failure, ours = passed.exchange.failure, passed.exchange.response
    assert failure is not None
    assert ours is not None
    assert (failure.kind, ours.complete, ours.body, passed.error) == ("truncated", False, passed.body, None)


@pytest.mark.parametrize("rubbish", [b"data: {junk\n\n", b": hello\n\n", b"<p>\n\n", b"data: [DONE]\n\n"])
def test_rubbish_beside_an_answer_passes(rubbish: bytes) -> None:
    passed = through("sse", [rubbish + bare(INNER) + rubbish])
    assert (passed.body, passed.exchange.failure) == (rubbish + bare(INNER) + rubbish, None)


def test_a_stream_that_is_cut_in_an_event() -> None:
    for end in (-10, -60):
        passed = through("sse", [stream_of(INNER)[:end]])
        assert told(passed)["code"] == 502
        assert passed.body.startswith(bare(INNER[:-1]))


@pytest.mark.parametrize("hooks", [[count], [mask]], ids=["looks", "writes"])
@pytest.mark.parametrize("rubbish", [b"data: {junk\n\n", PAGE])
@pytest.mark.parametrize("way", ["sse", "array"])
def test_hooks_do_not_make_it_look_whole(way: str, rubbish: bytes, hooks: list[Hook]) -> None:
    passed = through(way, [rubbish], SSE, hooks=hooks)
    assert told(passed)["code"] == 502
    assert passed.exchange.failure is not None
