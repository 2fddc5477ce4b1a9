"""Streams that end in good order before the answer does: HTTP sees nothing wrong, the client must."""

from __future__ import annotations

import json

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, Dialect
from tests.support.http import Response
from tests.support.replies import SSE, close_delimited, stream
from tests.support.upstream import Script, Upstream

BEGIN = {
    "anthropic": b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[]}}\n\n',
    "openai": b'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":""},"finish_reason":null}]}\n\n',
    "openai_responses": (
        b"event: response.created\n"
        b'data: {"type":"response.created","response":{"id":"r","status":"in_progress","error":null}}\n\n'
    ),
    "gemini": b'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]},"index":0}]}\n\n',
}
ENDS = [
    ("anthropic", b'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
    ("anthropic", b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"x"}}\n\n'),
    ("openai", b"data: [DONE]\n\n"),
    ("openai", b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'),
    ("openai", b'data: {"error":{"message":"x","type":"server_error"}}\n\n'),
    ("openai_responses", b'event: response.completed\ndata: {"type":"response.completed","response":{}}\n\n'),
    ("openai_responses", b'event: response.incomplete\ndata: {"type":"response.incomplete","response":{}}\n\n'),
    ("openai_responses", b'event: response.failed\ndata: {"type":"response.failed","response":{}}\n\n'),
    ("openai_responses", b'event: error\ndata: {"type":"error","message":"x"}\n\n'),
    ("gemini", b'data: {"candidates":[{"finishReason":"STOP","index":0}]}\n\n'),
    ("gemini", b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n'),
    ("gemini", b'data: {"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}\n\n'),
]
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


def post(daemon: Daemon, dialect: Dialect, agent: str) -> Response:
    """One streamed request."""
    headers = [dialect.key(), (b"user-agent", agent.encode())]
    return daemon.ask("POST", dialect.target(stream=True), headers, dialect.body(stream=True))


def framings(body: list[bytes]) -> dict[str, Script]:
    """Each way in which a stream can end in good order."""
    return {"chunked": stream(body), "close": close_delimited([SSE], b"".join(body))}


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_an_answer_without_its_end_is_an_error(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, framing: str, agent: str
) -> None:
    sent = [BEGIN[dialect.name], dialect.stream_piece, dialect.stream_piece]
    upstream.script = framings(sent)[framing]
    answer = post(daemon, dialect, agent)
    assert answer.complete
    assert answer.body.startswith(b"".join(sent))
    assert dialect.stream_error(answer.body)
    assert daemon.flow(agent)["error"]["kind"]


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize(("name", "end"), ENDS, ids=[f"{name} {number}" for number, (name, _) in enumerate(ENDS)])
def test_an_answer_with_its_end_passes_untouched(
    daemon: Daemon, upstream: Upstream, name: str, end: bytes, framing: str, agent: str
) -> None:
    dialect = BY_NAME[name]
    sent = [BEGIN[name], dialect.stream_piece, end]
    upstream.script = framings(sent)[framing]
    assert post(daemon, dialect, agent).body == b"".join(sent)
    told = daemon.flow(agent)["error"]
    assert (told and told["kind"]) == ("stream_error" if b'"x"' in end else None)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_what_the_model_writes_is_not_taken_for_an_end(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    """A text about errors and ends does not hide that the stream stopped."""
    words = (
        'say "error", "finish_reason":"stop", "finishReason", "blockReason", "message_stop", "response.completed",\n'
        'event: error\ndata: [DONE]\n\n{"type":"error"}'
    )
    quoted = b'"text":' + json.dumps(words).encode()
    spoken = dialect.stream_piece.replace(b'"hi"', quoted.partition(b":")[2], 1)
    assert spoken != dialect.stream_piece
    upstream.script = stream([BEGIN[dialect.name], spoken])
    assert dialect.stream_error(post(daemon, dialect, agent).body)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_another_event_stream_may_end_as_it_likes(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    upstream.script = stream([b"data: one\n\n", b": a comment\n\n", b"event: tick\ndata: 2\n\n"])
    answer = post(daemon, dialect, agent)
    assert answer.body == b"data: one\n\n: a comment\n\nevent: tick\ndata: 2\n\n"
    assert daemon.flow(agent)["error"] is None
