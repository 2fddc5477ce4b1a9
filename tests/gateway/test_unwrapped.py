"""Code Assist's answers for clients of the Gemini API, in whatever pieces and codings they come, wherever they end."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.config import Config
from ccproxy.exchange import Exchange, Headers, HttpRequest
from ccproxy.flows.store import MemoryStore
from ccproxy.gateway.hooked.answering import HookedAnswer
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.relay import Relay
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.router import Router
from ccproxy.gateway.unwrapped import unwrapped
from ccproxy.pipeline.hook import Hook
from ccproxy.pipeline.response import ResponseRun
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.provider import build_providers
from ccproxy.transport.carrier import TransportError
from tests.gateway.hooked.masks import count, failing, mask, shout
from tests.gateway.hooked.passage import JSON, SSE, Passed, Pieces
from tests.pipeline.answers import step
from tests.support.dialects import GEMINI
from tests.support.provider_answers import gemini_usage
from tests.support.sse import events

STREAM = b"/v1beta/models/gemini-x:streamGenerateContent"
CALLS = {
    "sse": STREAM + b"?alt=sse",
    "array": STREAM,
    "whole": b"/v1beta/models/gemini-x:generateContent",
    "count": b"/v1beta/models/gemini-x:countTokens",
}
KEY = (b"x-goog-api-key", b"sk-ant-oat-ccproxy-login")
CODINGS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.ZstdCompressor().compress,
}


def answer(text: str, stop: str | None = None) -> bytes:
    """A chunk of an answer as Google writes it: spaced, and with numbers and escapes of its own."""
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    if stop is not None:
        candidate["finishReason"] = stop
    usage = f', "usageMetadata": {json.dumps(gemini_usage())}, "avgLogprobs": -1.50E-1' if stop else ""
    return f'{{"candidates": [{json.dumps(candidate)}]{usage}, "modelVersion": "gemini-x\\u002d1"}}'.encode()


def wrapped(inner: bytes) -> bytes:
    return b'{"response": %b, "traceId": "t-1", "remainingCredits": [] }' % inner


INNER = [answer("Hel"), answer("lo sk-ab"), answer("cdef there"), answer("", "STOP")]
BROKEN = TransportError("reset", "the provider's connection broke off")


def stream_of(inner: Iterable[bytes], end: bytes = b"\r\n\r\n") -> bytes:
    return b"".join(b"data: " + wrapped(each) + end for each in inner)


def bare(inner: Iterable[bytes]) -> bytes:
    return b"".join(b"data: " + each + b"\r\n\r\n" for each in inner)


def listed(inner: Iterable[bytes]) -> bytes:
    return b"[" + b",\r\n".join(inner) + b"]"


def cut(data: bytes, size: int) -> list[bytes | Exception]:
    return [data[at : at + size] for at in range(0, len(data), size)]


class Bypass:
    """The way of one answer to a client, as the gateway arranges it."""

    def __init__(self, target: bytes, hooks: Sequence[Hook] = (), limit: int = 2**24) -> None:
        self.exchange = Exchange(HttpRequest("POST", target, [KEY], b'{"contents": []}'))
        self.inquiry = Inquiry(self.exchange)
        self.exchange.format = self.inquiry.endpoint.format if self.inquiry.endpoint is not None else None
        self.recorder = Recorder(MemoryStore(), limit)
        self.hooks = hooks
        google = {"type": "gemini", "base_url": "http://127.0.0.1:9", "path": "/v1internal:{action}"}
        config = Config.model_validate({"providers": {"login": google}})
        self.plan = Router([], build_providers(config)).route(self.inquiry)

    async def reply(self, pieces: Pieces) -> Reply:
        self.recorder.begin(self.exchange)
        incoming = await unwrapped(pieces, self.inquiry, self.plan, self.recorder)
        if self.hooks:
            about = Subject(self.exchange, self.inquiry.draft, [], self.inquiry.model, provider="login")
            run = ResponseRun([step(each) for each in self.hooks], about, 30.0)
            given = await HookedAnswer(run, self.inquiry, self.recorder).receive(incoming)
            if given is not None:
                return given
        return Reply(
            incoming.status, incoming.headers, Relay(self.exchange, self.inquiry.dialect, incoming, self.recorder)
        )

    async def take(self, pieces: Pieces) -> Passed:
        reply = await self.reply(pieces)
        passed = Passed(self.exchange, reply)
        if isinstance(reply.body, bytes):
            passed.chunks.append(reply.body)
            return passed
        try:
            async for chunk in reply.body:
                passed.chunks.append(chunk)
        except Exception as error:
            passed.error = error
        finally:
            reply.body.close()
        return passed


def through(
    way: str,
    pieces: Iterable[bytes | Exception],
    headers: Headers = SSE,
    status: int = 200,
    hooks: Sequence[Hook] = (),
    **options: Any,
) -> Passed:
    return asyncio.run(Bypass(CALLS[way], hooks, **options).take(Pieces(headers, pieces, status)))


def told(passed: Passed) -> Any:
    """The error by which an answer ends, as its client has it."""
    if passed.body.startswith(b"["):
        last = json.loads(passed.body)[-1]
        assert GEMINI.check_error(last, None)
        return last["error"]
    assert GEMINI.stream_error(passed.body)
    return events(passed.body)[-1].json()["error"]


# -- whole streams


@given(st.lists(st.integers(1, 200), min_size=1), st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\r"]))
@settings(max_examples=50, deadline=None)
def test_events_are_what_was_in_their_envelopes(sizes: list[int], end: bytes) -> None:
    data = stream_of(INNER, end)
    ends = [0, *accumulate(sizes), len(data)]
    pieces = [piece for begin, stop in pairwise(ends) if (piece := data[begin:stop])]
    passed = through("sse", pieces)
    assert passed.body == b"".join(b"data: " + each + end for each in INNER)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_an_array_has_them_as_its_elements(size: int) -> None:
    passed = through("array", cut(stream_of(INNER), size))
    assert passed.body == listed(INNER)
    assert passed.field(b"content-type") == b"application/json; charset=UTF-8"
    assert passed.field(b"x-kept") == b"yes"
    assert (passed.exchange.failure, passed.error) == (None, None)


@pytest.mark.parametrize("way", ["sse", "array"])
def test_each_answer_goes_on_at_once(way: str) -> None:
    passed = through(way, [b"data: " + wrapped(each) + b"\n\n" for each in INNER])
    assert [INNER[at] in chunk for at, chunk in enumerate(passed.chunks[: len(INNER)])] == [True] * len(INNER)


@pytest.mark.parametrize("way", ["sse", "array"])
def test_the_last_event_needs_no_blank_line(way: str) -> None:
    passed = through(way, [stream_of(INNER).rstrip()])
    assert (passed.exchange.failure, passed.error) == (None, None)
    assert INNER[-1] in passed.body
    assert passed.body.endswith(b"]" if way == "array" else b"\r\n\r\n")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_coding_is_undone(way: str, coding: bytes) -> None:
    coded = CODINGS[coding](stream_of(INNER))
    headers = [*SSE, (b"Content-Encoding", coding), (b"Content-Length", b"%d" % len(coded)), (b"ETag", b"x")]
    passed = through(way, cut(coded, 11), headers)
    assert passed.body == (bare(INNER) if way == "sse" else listed(INNER))
    assert [passed.field(name) for name in (b"content-encoding", b"content-length", b"etag")] == [None] * 3
    record = passed.exchange.provider_response
    assert record is not None
    assert (record.body, record.complete, record.headers) == (coded, True, headers)


@pytest.mark.parametrize("way", ["sse", "array"])
def test_the_record_has_what_the_provider_said_and_what_the_client_got(way: str) -> None:
    data = stream_of(INNER)
    passed = through(way, cut(data, 50), limit=300)
    theirs, ours = passed.exchange.provider_response, passed.exchange.response
    assert theirs is not None
    assert ours is not None
    assert (theirs.body, theirs.dropped, theirs.size) == (data[:300], len(data) - 300, len(data))
    assert (ours.body, ours.size, ours.complete) == (passed.body[:300], len(passed.body), True)
    assert passed.exchange.done


def test_what_has_no_envelope_passes() -> None:
    data = b": hello\r\n\r\nevent: x\r\n" + bare(INNER) + b"data: [DONE]\n\ndata: no json\n\n"
    assert through("sse", cut(data, 9)).body == data
    assert through("array", cut(data, 9)).body == listed(INNER)


@pytest.mark.parametrize("kind", [b"", b"text/plain", b"application/octet-stream"])
def test_a_stream_by_another_name(kind: bytes) -> None:
    headers = [(b"Content-Type", kind)] if kind else []
    assert through("sse", cut(stream_of(INNER), 99), headers).body == bare(INNER)
    passed = through("array", cut(stream_of(INNER), 99), headers)
    assert (passed.body, passed.field(b"content-type")) == (listed(INNER), b"application/json; charset=UTF-8")


def test_a_provider_that_sends_no_events() -> None:
    data = listed(map(wrapped, INNER))
    assert through("array", cut(data, 30), JSON).body == listed(INNER)
    assert through("array", [wrapped(INNER[-1])], JSON).body == listed([INNER[-1]])


# -- streams that end too early

ENDS = [pytest.param([BROKEN], "reset", False, id="broken off"), pytest.param([], "truncated", True, id="ended")]


@pytest.mark.parametrize(("last", "kind", "complete"), ENDS)
@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_stream_that_is_not_whole_ends_in_an_error(
    way: str, last: list[bytes | Exception], kind: str, complete: bool
) -> None:
    data = stream_of(INNER[:-1])
    passed = through(way, [*cut(data, 40), *last])
    assert told(passed)["code"] == 502
    assert all(each in passed.body for each in INNER[:-1])
    failure, record, ours = passed.exchange.failure, passed.exchange.provider_response, passed.exchange.response
    assert failure is not None
    assert record is not None
    assert ours is not None
    assert (failure.kind, record.body, record.complete) == (kind, data, complete)
    assert (ours.body, ours.complete, passed.error) == (passed.body, False, None)


@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_stream_without_any_event_is_an_error(way: str) -> None:
    passed = through(way, [])
    assert told(passed)["code"] == 502
    assert passed.exchange.failure is not None
    assert passed.exchange.failure.kind == "truncated"


@given(st.integers(0, len(stream_of(INNER)) - 1), st.booleans())
@settings(max_examples=80, deadline=None)
def test_an_array_is_json_wherever_it_ends(place: int, resets: bool) -> None:
    passed = through("array", [*cut(stream_of(INNER)[:place], 61), *([BROKEN] if resets else [])])
    elements = json.loads(passed.body)
    whole = not resets and stream_of(INNER)[:place].rstrip() == stream_of(INNER).rstrip()
    assert ("error" in elements[-1]) is not whole
    assert elements[: -1 if not whole else None] == [json.loads(each) for each in INNER][: len(elements) - (not whole)]
    assert (passed.exchange.failure is None) is whole


@pytest.mark.parametrize("way", ["sse", "array"])
def test_an_error_in_mid_stream_passes(way: str) -> None:
    error = b'{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}'
    data = stream_of(INNER[:1]) + b"data: " + error + b"\r\n\r\n"
    passed = through(way, cut(data, 20))
    assert told(passed) == {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}
    assert passed.exchange.failure is None


@pytest.mark.parametrize("way", ["sse", "array"])
def test_a_coding_that_is_corrupt(way: str) -> None:
    coded = gzip.compress(stream_of([answer(f"{n * 7919 % 997}") for n in range(400)]))
    corrupt = coded[:600] + b"\xff" * 20 + coded[620:]
    passed = through(way, cut(corrupt, 100), [*SSE, (b"Content-Encoding", b"gzip")])
    assert "corrupt" in told(passed)["message"]
    assert passed.exchange.failure is not None


def test_a_coding_that_nobody_knows() -> None:
    pieces = Pieces([*SSE, (b"Content-Encoding", b"compress")], [b"x"])
    with pytest.raises(TransportError, match="compress"):
        asyncio.run(Bypass(CALLS["sse"]).take(pieces))
    assert pieces.closed


def test_a_client_that_leaves() -> None:
    async def main() -> None:
        bypass, pieces = Bypass(CALLS["array"]), Pieces(SSE, cut(stream_of(INNER), 200))
        reply = await bypass.reply(pieces)
        assert not isinstance(reply.body, bytes)
        await anext(reply.body)
        reply.body.close()
        failure, record = bypass.exchange.failure, bypass.exchange.provider_response
        assert pieces.closed
        assert failure is not None
        assert record is not None
        assert (failure.kind, record.complete, record.body) == ("client_disconnected", False, stream_of(INNER)[:200])

    asyncio.run(main())


def test_a_stream_that_is_read_at_once() -> None:
    async def main() -> None:
        for limit, wanted in ((10**6, listed(INNER)), (300, None)):
            bypass = Bypass(CALLS["array"])
            incoming = await unwrapped(
                Pieces(SSE, cut(stream_of(INNER), 90)), bypass.inquiry, bypass.plan, bypass.recorder
            )
            assert await incoming.read(limit) == wanted
            rest = b"".join([chunk async for chunk in incoming])
            assert rest == (b"" if wanted else listed(INNER))

    asyncio.run(main())


# -- whole answers


@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_a_whole_answer_is_what_was_in_its_envelope(coding: bytes | None) -> None:
    body = wrapped(INNER[-1])
    coded = CODINGS[coding](body) if coding else body
    headers = [*JSON, (b"Content-Length", b"%d" % len(coded)), *([(b"Content-Encoding", coding)] if coding else [])]
    passed = through("whole", cut(coded, 13), headers)
    assert passed.body == INNER[-1]
    assert [passed.field(name) for name in (b"content-encoding", b"content-length")] == [None, None]
    record = passed.exchange.provider_response
    assert record is not None
    assert (record.body, record.complete, record.headers) == (coded, True, headers)


@pytest.mark.parametrize("body", [INNER[-1], b'{"candidates": [], "odd": 1.50 }', b'{ "usage_metadata": {}}'])
def test_a_whole_answer_without_an_envelope_passes(body: bytes) -> None:
    assert through("whole", [body], JSON).body == body


def test_a_whole_answer_that_breaks_off() -> None:
    with pytest.raises(TransportError):
        through("whole", [wrapped(INNER[-1])[:50], BROKEN], JSON)


def test_no_answer_at_all_passes() -> None:
    assert through("sse", [], [], 204).body == b""
    assert through("whole", [], [], 204).body == b""


# -- errors

ERROR = b'{\n  "error": {"code": 429, "message": "slowly", "status": "RESOURCE_EXHAUSTED"}\n}'


@pytest.mark.parametrize("way", ["sse", "whole"])
def test_an_error_passes_byte_for_byte(way: str) -> None:
    coded = gzip.compress(ERROR)
    headers = [*JSON, (b"Content-Encoding", b"gzip"), (b"Retry-After", b"7")]
    passed = through(way, [coded], headers, 429)
    assert (passed.reply.status, passed.body, passed.reply.headers) == (429, coded, headers)
    assert passed.exchange.provider_response is passed.exchange.response


@pytest.mark.parametrize(("body", "wanted"), [(ERROR, b"[" + ERROR + b"]"), (b"[1]", b"[1]"), (b"<p>no", b"<p>no")])
def test_an_error_is_an_element_where_an_array_was_asked_for(body: bytes, wanted: bytes) -> None:
    headers = [*JSON, (b"Content-Encoding", b"gzip"), (b"Retry-After", b"7")]
    passed = through("array", [gzip.compress(body)], headers, 429)
    assert (passed.reply.status, passed.body) == (429, wanted)
    assert (passed.field(b"retry-after"), passed.field(b"content-encoding")) == (b"7", None)


# -- hooks

TEXT = "Hello [key] there"


@pytest.mark.parametrize("hooks", [[count], [mask, count]], ids=["looks", "writes"])
@pytest.mark.parametrize("way", ["sse", "array", "whole"])
def test_hooks_hear_answers_of_the_gemini_api(way: str, hooks: list[Hook]) -> None:
    if way == "whole":
        data, headers = wrapped(answer("Hello sk-abcdef there", "STOP")), JSON
    else:
        data, headers = stream_of(INNER), SSE
    passed = through(way, cut(data, 31), headers, hooks=hooks)
    if way == "sse":
        found = [event.json() for event in events(passed.body)]
    else:
        found = json.loads(passed.body) if way == "array" else [json.loads(passed.body)]
    assert "response" not in found[0]
    text = "".join(part["text"] for each in found for part in each["candidates"][0]["content"]["parts"])
    assert text == (TEXT if mask in hooks else "Hello sk-abcdef there")
    assert passed.exchange.tags["End"] == "1"
    record = passed.exchange.provider_response
    assert record is not None
    assert (record.body, record.complete) == (data, True)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("writes", [False, True])
def test_a_hook_that_ends_an_array(place: int, writes: bool) -> None:
    """It is JSON even if not one element has gone out before."""
    at = ["Hel", "there"][place]
    hooks = [failing(["text"] if writes else [], "fail", at=at), *([shout] if writes else [])]
    passed = through("array", [b"data: " + wrapped(each) + b"\n\n" for each in INNER], hooks=hooks)
    assert told(passed)["code"] == 500
    assert passed.exchange.failure is not None
