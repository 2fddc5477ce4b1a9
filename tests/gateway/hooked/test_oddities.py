"""Answers in codings, under other names, of other shapes: what hooks hear of them, and what the client gets."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.gateway.hooked import whole
from ccproxy.pipeline.failures import HookFailed
from ccproxy.pipeline.hook import Hook
from ccproxy.transport.carrier import TransportError
from tests.gateway.hooked.masks import MASK, count, failing, look, mask, nothing, shout
from tests.gateway.hooked.passage import JSON, SSE, Passage, Passed, Pieces, through
from tests.gateway.hooked.test_ways import MASKED, WORDS
from tests.support.crossing import CLIENTS
from tests.support.provider_answers import body_of, gemini_usage, part, stream_of
from tests.support.sse import events

FORMATS = list(CLIENTS)
GZIP = (b"Content-Encoding", b"gzip")
STRICT = failing(["text"], "fail", at="nowhere")
"""A hook without which nothing goes on, and which never fails by itself."""


def cut(data: bytes, size: int = 7) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def whole_body(client: str) -> bytes:
    return json.dumps(body_of(client, "".join(WORDS))).encode()


# -- codings


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("client", FORMATS)
def test_an_answer_in_a_coding_is_decoded_to_be_written(client: str, streamed: bool) -> None:
    plain = b"".join(stream_of(client, WORDS)) if streamed else whole_body(client)
    coded = gzip.compress(plain)
    headers: Headers = [*(SSE if streamed else JSON), GZIP, (b"ETag", b'"1"'), (b"Content-Length", b"%d" % len(coded))]
    passed = through([mask, count], client, Pieces(headers, cut(coded)))
    assert passed.read(client).text == MASKED
    assert passed.exchange.tags["characters"] == str(len(MASKED))
    for name in (b"content-encoding", b"content-length", b"etag"):
        assert passed.field(name) is None
    assert passed.field(b"x-kept") == b"yes"
    assert passed.exchange.provider_response is not None
    assert passed.exchange.provider_response.body == coded


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("client", FORMATS)
def test_an_answer_in_a_coding_is_decoded_to_be_looked_at(client: str, streamed: bool) -> None:
    plain = b"".join(stream_of(client, WORDS)) if streamed else whole_body(client)
    coded = gzip.compress(plain)
    headers: Headers = [*(SSE if streamed else JSON), GZIP]
    passed = through([count], client, Pieces(headers, cut(coded)))
    assert passed.body == coded
    assert passed.reply.headers == headers
    assert passed.exchange.tags["characters"] == str(len("".join(WORDS)))


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("coding", [b"compress", b"nonsense"])
@pytest.mark.parametrize("hooks", [[mask, count], [count]], ids=["writes", "looks"])
def test_what_nobody_can_decode_passes_as_it_came(hooks: list[Hook], coding: bytes, streamed: bool) -> None:
    headers: Headers = [*(SSE if streamed else JSON), (b"Content-Encoding", coding)]
    passed = through(hooks, "openai", Pieces(headers, [b"\x1f\x9d\x90", b"rest"]))
    assert passed.body == b"\x1f\x9d\x90rest"
    assert passed.reply.headers == headers
    assert set(passed.outcomes()) == {"failed"}
    assert "cannot be read" in passed.results[0].reason
    with pytest.raises(HookFailed, match="cannot be read"):
        through([STRICT], "openai", Pieces(headers, [b"\x1f\x9d\x90"]))


@pytest.mark.parametrize("client", FORMATS)
def test_a_corrupt_coding_ends_a_stream_that_is_written_and_not_one_that_is_looked_at(client: str) -> None:
    data = gzip.compress(b"".join(stream_of(client, [f"{n * 7919 % 997} " for n in range(400)])))
    corrupt = data[: len(data) // 2] + b"\xff" * 20 + data[len(data) // 2 + 20 :]
    headers: Headers = [*SSE, GZIP]
    written = through([shout, count], client, Pieces(headers, cut(corrupt, 100)))
    assert CLIENTS[client].stream_error(written.body)
    assert written.exchange.failure is not None
    assert written.exchange.tags["Error"] == "1"
    seen = through([count], client, Pieces(headers, cut(corrupt, 100)))
    assert seen.body == corrupt
    assert seen.exchange.failure is None
    assert seen.exchange.tags["Error"] == "1"


def test_a_whole_answer_in_a_corrupt_coding() -> None:
    headers: Headers = [*JSON, GZIP]
    for hooks in ([mask], [count]):
        passed = through(hooks, "openai", Pieces(headers, [b"not gzip"]))
        assert (passed.body, passed.outcomes()) == (b"not gzip", ["failed"])
    deflated = zlib.compress(whole_body("openai"))
    passed = through([mask], "openai", Pieces([*JSON, (b"Content-Encoding", b"deflate")], [deflated]))
    assert passed.read("openai").text == MASKED


# -- under other names


@pytest.mark.parametrize("kind", [b"", b"text/plain", b"application/octet-stream", b"Text/Event-Stream; charset=x"])
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_a_stream_by_another_name(client: str, kind: bytes) -> None:
    incoming = Pieces([(b"Content-Type", kind)] if kind else [], stream_of(client, WORDS))
    passed = through([mask], client, incoming, stream=True)
    assert len(passed.chunks) > 3
    assert MASK.encode() in passed.body
    assert b"wxyz123" not in passed.body.replace(b'"', b"")
    looked = through([count], client, Pieces([(b"Content-Type", kind)] if kind else [], stream_of(client)), stream=True)
    assert looked.chunks == stream_of(client)
    assert looked.exchange.tags["characters"] == str(len("Hello there"))


@pytest.mark.parametrize("client", FORMATS)
def test_a_stream_that_is_called_json(client: str) -> None:
    """It is read as a whole."""
    passed = through([mask, count], client, Pieces(JSON, [b"".join(stream_of(client, WORDS))]), stream=False)
    assert MASK.encode() in passed.body
    assert b"data: " in passed.body
    assert passed.outcomes() == ["ran", "ran"]


PAGE = b"<!DOCTYPE html><html><body>It works!</body></html>"
NO_ANSWERS = {
    "html": ([(b"Content-Type", b"text/html")], PAGE),
    "html called json": (JSON, PAGE),
    "null": (JSON, b"null"),
    "a list": (JSON, b"[1, 2]"),
    "something else": (JSON, b'{"hello": "world"}'),
    "half of it": (JSON, b'{"id": "msg_1", "type": "mess'),
    "empty": (JSON, b""),
    "too deep": (JSON, b'{"content": ' + b"[" * 500 + b"]" * 500 + b"}"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
@pytest.mark.parametrize("client", FORMATS)
def test_what_is_no_answer_passes_as_it_came(client: str, name: str) -> None:
    headers, body = NO_ANSWERS[name]
    for hooks in ([shout, count], [count]):
        passed = through(hooks, client, Pieces(headers, [body]))
        assert (passed.body, passed.reply.headers) == (body, headers)
        assert set(passed.outcomes()) <= {"failed", "skipped"}
        assert passed.exchange.failure is None


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_cannot_be_read_does_not_pass_where_it_has_to_be(name: str) -> None:
    headers, body = NO_ANSWERS[name]
    with pytest.raises(HookFailed, match="cannot be read"):
        through([STRICT], "anthropic", Pieces(headers, [body]))


@pytest.mark.parametrize("client", FORMATS)
def test_an_error_under_a_status_of_success_is_no_answer(client: str) -> None:
    """Of Responses that run in the background, neither is one that has only begun."""
    bodies = [{"error": {"message": "no", "type": "x", "code": 500, "status": "INTERNAL"}}]
    if client == "openai_responses":
        bodies.append({"object": "response", "id": "resp_1", "status": "queued", "output": [], "error": None})
    for document in bodies:
        body = json.dumps(document).encode()
        passed = through([STRICT, shout], client, Pieces(JSON, [body]))
        assert passed.body == body
        assert {result.reason for result in passed.results} == {"not an answer of a model"}


def test_a_list_of_what_was_answered_before_is_no_answer() -> None:
    """`GET /v1/chat/completions` lists stored completions."""
    body = json.dumps({"object": "list", "data": [body_of("openai")]}).encode()
    request = HttpRequest("GET", b"/v1/chat/completions?limit=1", [])
    passed = asyncio.run(Passage([STRICT, shout, count], request).take(Pieces(JSON, [body])))
    assert passed.body == body
    assert {(result.outcome, result.reason) for result in passed.results} == {("skipped", "not an answer of a model")}


def test_an_answer_that_failed_with_words_in_it_is_not_passed_over() -> None:
    said = body_of("openai_responses", "sk-abcdef") | {"status": "failed", "error": {"code": "x", "message": "no"}}
    incoming = Pieces(JSON, [json.dumps(said).encode()])
    with pytest.raises(HookFailed, match="not whole"):
        through([STRICT], "openai_responses", incoming)


def test_a_whole_body_that_breaks_off() -> None:
    for hooks in ([mask], [count]):
        incoming = Pieces(JSON, [b'{"id"', TransportError("truncated", "it broke off")])
        with pytest.raises(TransportError, match="broke off"):
            through(hooks, "openai", incoming)
        assert incoming.closed


@pytest.mark.parametrize("client", FORMATS)
def test_answers_that_are_too_long(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "REWRITTEN_LIMIT", 1 << 20)
    monkeypatch.setattr(whole, "OBSERVED_LIMIT", 1 << 20)
    body = json.dumps(body_of(client, "x" * (2 << 20))).encode()
    with pytest.raises(TransportError, match="longer than 1 MiB"):
        through([shout], client, Pieces(JSON, [body]))
    passed = through([count], client, Pieces(JSON, [body]))
    assert passed.body == body
    assert passed.outcomes() == ["failed"]
    assert passed.exchange.done
    with pytest.raises(HookFailed, match="longer than"):
        through([failing([], "fail")], client, Pieces(JSON, [body]))


# -- of other shapes


ELEMENTS = [
    {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": 'He said: "[{}]", sk-'}]}}]},
    {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "abcd1234 \\ "}]}}]},
    {"candidates": [{"index": 0, "finishReason": "STOP"}], "usageMetadata": gemini_usage(), "modelVersion": "m"},
]
SAID = f'He said: "[{{}}]", {MASK} \\ '


def array(size: int, wrapped: bool = False) -> list[bytes]:
    """A stream of Gemini's for a client that wants no events."""
    elements = [{"response": each, "traceId": "t"} for each in ELEMENTS] if wrapped else ELEMENTS
    return cut(b",\r\n".join(json.dumps(each, indent=1).encode() for each in elements).join([b"[", b"\r\n]"]), size)


def asked(hooks: list[Hook], target: bytes, incoming: Pieces, body: dict[str, Any] | None = None) -> Passed:
    contents = {"contents": [{"role": "user", "parts": [{"text": "q"}]}]} | (body or {})
    request = HttpRequest("POST", target, [], json.dumps(contents).encode())
    return asyncio.run(Passage(hooks, request).take(incoming))


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_geminis_array(size: int) -> None:
    target = b"/v1beta/models/m-1:streamGenerateContent"
    passed = asked([mask, count], target, Pieces(JSON, array(size)))
    parts = [part for each in passed.response().json() for part in each["candidates"][0]["content"].get("parts", [])]
    assert "".join(part["text"] for part in parts) == SAID
    assert passed.response().json()[-1]["usageMetadata"]["promptTokenCount"] == 11
    assert passed.exchange.tags["characters"] == str(len(SAID))
    looked = asked([count, look], target, Pieces(JSON, array(size)))
    assert looked.chunks == array(size)
    assert looked.exchange.tags["TextDelta"] == "2"
    assert looked.exchange.tags["End"] == "1"


def test_geminis_array_that_breaks_off() -> None:
    target = b"/v1beta/models/m-1:streamGenerateContent"
    half = array(40)[:6]
    passed = asked([nothing, count], target, Pieces(JSON, half))
    assert "error" in passed.response().json()[-1]
    assert passed.exchange.tags["Error"] == "1"
    looked = asked([count], target, Pieces(JSON, [*half, TransportError("reset", "gone")]))
    assert looked.exchange.tags["Error"] == "1"
    assert looked.error is not None


@pytest.mark.parametrize("size", [3, 10_000])
def test_code_assist(size: int) -> None:
    """Its clients want their answers in an envelope."""
    data = b"".join(b"data: %b\r\n\r\n" % json.dumps({"response": each}).encode() for each in ELEMENTS)
    passed = asked([mask], b"/v1internal:streamGenerateContent?alt=sse", Pieces(SSE, cut(data, size)))
    found = [event.json()["response"] for event in events(passed.body)]
    texts = [part["text"] for each in found for part in each["candidates"][0]["content"].get("parts", [])]
    assert "".join(texts) == SAID
    passed = asked([mask], b"/v1internal:streamGenerateContent", Pieces(JSON, array(size, wrapped=True)))
    assert [set(each) for each in passed.response().json()] == [{"response"}] * len(passed.response().json())
    assert MASK.encode() in passed.body
    document = {"response": ELEMENTS[0] | {"candidates": [ELEMENTS[0]["candidates"][0] | {"finishReason": "STOP"}]}}  # type: ignore[index, operator]
    passed = asked([shout], b"/v1internal:generateContent", Pieces(JSON, [json.dumps(document).encode()]))
    (candidate,) = passed.response().json()["response"]["candidates"]
    assert candidate["content"]["parts"][0]["text"] == 'HE SAID: "[{}]", SK-'


def test_an_error_in_code_assists_stream_has_no_envelope() -> None:
    data = b"".join(b"data: %b\r\n\r\n" % json.dumps({"response": each}).encode() for each in ELEMENTS[:1])
    passed = asked([shout], b"/v1internal:streamGenerateContent?alt=sse", Pieces(SSE, [data]))
    assert CLIENTS["gemini"].stream_error(passed.body)


def test_further_choices_are_left_out_and_told() -> None:
    """Hooks hear of one answer: what they cannot look at must not pass beside them."""
    choices = [{"index": n, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"} for n in (0, 1)]
    body = json.dumps(body_of("openai") | {"choices": choices}).encode()
    passed = through([shout], "openai", Pieces(JSON, [body]), members={"n": 2})
    assert [choice["message"]["content"] for choice in passed.response().json()["choices"]] == ["HI"]
    assert passed.field(b"x-ccproxy-dropped") == b"choices=1"
    assert passed.exchange.dropped == {"choices": 1}
    target = b"/v1beta/models/m-1:generateContent"
    document = json.loads(part([{"text": "Hi"}], "STOP")[6:])
    passed = asked(
        [shout], target, Pieces(JSON, [json.dumps(document).encode()]), {"generationConfig": {"candidateCount": 3}}
    )
    assert passed.field(b"x-ccproxy-dropped") == b"choices=2"


def test_a_request_that_is_no_json_can_have_an_answer() -> None:
    request = HttpRequest("POST", b"/v1/messages", [], b"{")
    passed = asyncio.run(Passage([shout], request).take(Pieces(JSON, [whole_body("anthropic")])))
    assert b"HELLO SK-WXYZ123" in passed.body
