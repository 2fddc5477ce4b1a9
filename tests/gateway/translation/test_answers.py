"""Answers that are not what was asked for: each must become a whole answer or an error in the client's dialect."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, read, received
from tests.support.daemon import Daemon
from tests.support.http import Header
from tests.support.provider_answers import body_of, error_of, stream_of
from tests.support.replies import JSON, SSE, chunked, close_delimited, json_reply, reply, short, stream
from tests.support.upstream import Script, Upstream

HTML: Header = (b"Content-Type", b"text/html; charset=utf-8")
PAGE = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
FEW = [("anthropic", "openai"), ("openai", "gemini"), ("openai_responses", "anthropic"), ("gemini", "openai_responses")]
"""Each format once as client and once as provider."""

NO_ANSWERS: dict[str, Script] = {
    "empty": reply(200, [JSON], b""),
    "empty chunked": chunked([JSON], []),
    "empty stream": stream([]),
    "no content": reply(204, [], b""),
    "html": reply(200, [HTML], PAGE),
    "html called json": reply(200, [JSON], PAGE),
    "json null": reply(200, [JSON], b"null"),
    "json list": reply(200, [JSON], b"[1, 2]"),
    "json text": reply(200, [JSON], b'"hello"'),
    "json of something else": reply(200, [JSON], b'{"hello": "world"}'),
    "half of it": reply(200, [JSON], b'{"id": "msg_1", "type": "mess'),
    "not utf-8": reply(200, [JSON], b'{"id": "\xff\xfe"}'),
    "comments only": stream([b": hi\n\n"] * 3),
    "stream of html": reply(200, [SSE], PAGE),
    "redirect": reply(302, [(b"Location", b"https://login.example/")], b""),
    "permanent redirect": reply(308, [(b"Location", b"/v2/messages"), HTML], PAGE),
    "not modified": reply(304, [], b""),
}
"""Nothing of which is an answer of any format."""


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("script", NO_ANSWERS.values(), ids=NO_ANSWERS)
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_what_is_no_answer_is_an_error(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, script: Script, streamed: bool
) -> None:
    upstream.script = script
    answer = ask_across(daemon, client, provider, stream=streamed)
    assert answer.complete
    assert answer.field("location") is None
    if answer.status == 200:  # the head of a stream had gone before anything was wrong
        assert streamed
        assert CLIENTS[client].stream_error(answer.body)
    else:
        assert CLIENTS[client].error(answer, 502)


def gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_buffered_client_gets_one_answer_of_a_provider_that_streams(
    daemon: Daemon, upstream: Upstream, client: str, provider: str
) -> None:
    upstream.script = stream(stream_of(provider))
    got = read(client, ask_across(daemon, client, provider))
    assert (got.text, got.usage) == ("Hello there", (11, 5))


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_streaming_client_gets_a_stream_of_a_provider_that_does_not(
    daemon: Daemon, upstream: Upstream, client: str, provider: str
) -> None:
    upstream.script = json_reply(body_of(provider))
    answer = ask_across(daemon, client, provider, stream=True)
    assert (answer.field("content-type") or b"").startswith(b"text/event-stream")
    assert read(client, answer).text == "Hello there"


@pytest.mark.parametrize("kind", [b"application/json", b"text/plain", b"Text/Event-Stream", b""])
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_stream_by_another_name(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, kind: bytes
) -> None:
    headers = [(b"Content-Type", kind)] if kind else []
    upstream.script = chunked(headers, stream_of(provider))
    assert read(client, ask_across(daemon, client, provider, stream=streamed)).text == "Hello there"


@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream", b""])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_json_by_another_name(daemon: Daemon, upstream: Upstream, client: str, provider: str, kind: bytes) -> None:
    upstream.script = reply(200, [(b"Content-Type", kind)] if kind else [], json.dumps(body_of(provider)).encode())
    assert read(client, ask_across(daemon, client, provider)).text == "Hello there"


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_answers_that_end_with_the_connection(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool
) -> None:
    body = b"".join(stream_of(provider)) if streamed else json.dumps(body_of(provider)).encode()
    upstream.script = close_delimited([SSE if streamed else JSON], body)
    assert read(client, ask_across(daemon, client, provider, stream=streamed)).text == "Hello there"


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_coded_answers(daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool) -> None:
    body = b"".join(stream_of(provider)) if streamed else json.dumps(body_of(provider)).encode()
    data = gzipped(body)
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    upstream.script = chunked([SSE if streamed else JSON, (b"Content-Encoding", b"gzip")], pieces)
    answer = ask_across(daemon, client, provider, stream=streamed)
    assert answer.field("content-encoding") is None
    assert read(client, answer).text == "Hello there"


CORRUPTIONS: dict[str, Callable[[bytes], bytes]] = {
    "in the middle": lambda data: data[: len(data) // 2] + b"\xff" * 20 + data[len(data) // 2 + 20 :],
    "cut short": lambda data: data[: len(data) // 2],
    "not coded at all": gzip.decompress,
    "from the start": lambda data: b"\x1f\x8b" + b"\x00" * 40,
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS)
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_corrupt_coding_is_an_error(
    daemon: Daemon,
    upstream: Upstream,
    client: str,
    provider: str,
    streamed: bool,
    corrupt: Callable[[bytes], bytes],
    agent: str,
) -> None:
    words = [f"{n * 7919 % 997} " for n in range(2000)]
    body = b"".join(stream_of(provider, words)) if streamed else json.dumps(body_of(provider, "".join(words))).encode()
    data = corrupt(gzipped(body))
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    upstream.script = chunked([SSE if streamed else JSON, (b"Content-Encoding", b"gzip")], pieces)
    answer = ask_across(daemon, client, provider, stream=streamed, headers=[(b"user-agent", agent.encode())])
    assert answer.complete
    assert CLIENTS[client].stream_error(answer.body) if streamed else CLIENTS[client].error(answer, 502)
    assert daemon.flow(agent)["error"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_errors_keep_their_status_and_words(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, status: int
) -> None:
    upstream.script = json_reply(error_of(provider, status, "this is why"), status)
    answer = ask_across(daemon, client, provider, stream=status % 2 == 1)
    assert "this is why" in CLIENTS[client].error(answer, status)


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        (HTML, PAGE, "text/html"),
        ((b"Content-Type", b"text/plain"), b"upstream connect error", "upstream connect error"),
        (JSON, b"", "503"),
        (JSON, b'{"detail": "no such model"}', "no such model"),
        (JSON, b'[{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}]', "overloaded"),
    ],
    ids=["html", "plain", "empty", "another shape", "array"],
)
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_errors_in_no_format(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, kind: Header, body: bytes, says: str
) -> None:
    upstream.script = reply(503, [kind], body)
    message = CLIENTS[client].error(ask_across(daemon, client, provider), 503)
    assert says in message
    assert "<html" not in message


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_body_that_breaks_off_is_an_error(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    upstream.script = short([JSON], json.dumps(body_of(provider)).encode(), 10)
    assert CLIENTS[client].error(ask_across(daemon, client, provider), 502)


@pytest.mark.parametrize("client", CLIENTS)
def test_requests_that_make_no_sense_are_refused_before_anything_is_sent(
    daemon: Daemon, upstream: Upstream, client: str
) -> None:
    dialect = CLIENTS[client]
    provider = "openai" if client != "openai" else "anthropic"
    for body in (b"", b"{", b"[]", b"null", b"[" * 100_000 + b"]" * 100_000, b'{"model": "m"}', b'{"model": "m", "a'):
        answer = daemon.ask("POST", dialect.target(), [dialect.key(provider)], body)
        assert dialect.error(answer, 400), body[:40]
    assert upstream.requests == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_may_come_in_chunks_and_coded(daemon: Daemon, upstream: Upstream, client: str) -> None:
    dialect = CLIENTS[client]
    provider = "openai" if client != "openai" else "anthropic"
    upstream.script = answering(provider, sse=False)
    data = gzipped(dialect.body())
    headers = [dialect.key(provider), (b"Content-Encoding", b"gzip"), (b"Content-Type", b"application/json")]
    answer = daemon.ask("POST", dialect.target(), headers, chunks=[data[:9], data[9:]])
    assert read(client, answer).text == "Hello there"
    (seen,) = upstream.requests
    assert seen.field("content-encoding") is None
    assert seen.field("transfer-encoding") is None
    assert "hé" in json.dumps(received(upstream), ensure_ascii=False)
