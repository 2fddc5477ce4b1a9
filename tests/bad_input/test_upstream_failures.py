"""Upstreams that refuse, break off, send garbage or fall silent: before an answer, and in the middle of one."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from tests.support import replies
from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, Dialect
from tests.support.http import Header, Response
from tests.support.replies import JSON, SSE, always, chunked, close_delimited, head, reply, short, stream
from tests.support.sse import events
from tests.support.upstream import Close, Hang, Reset, Script, Send, Step, Upstream, Wait

pytestmark = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def post(
    daemon: Daemon, dialect: Dialect, agent: str, *, stream: bool = False, provider: str | None = None
) -> Response:
    """One request in a dialect."""
    headers = [dialect.key(provider), (b"user-agent", agent.encode()), (b"content-type", b"application/json")]
    return daemon.ask("POST", dialect.target(stream=stream), headers, dialect.body(stream=stream))


def recorded(daemon: Daemon, agent: str) -> str:
    """The cause in the record."""
    error = daemon.flow(agent)["error"]
    assert error, "the record has a cause"
    assert error["kind"]
    assert error["message"]
    return str(error["message"])


def test_refused(daemon: Daemon, dialect: Dialect, agent: str) -> None:
    answer = post(daemon, dialect, agent, provider=f"{dialect.name}-refuses")
    message = dialect.error(answer, 502)
    assert "127.0.0.1" in message
    assert "127.0.0.1" in recorded(daemon, agent)
    daemon.healthy()


BEFORE: dict[str, Script] = {
    "reset before headers": replies.RESET_BEFORE_HEADERS,
    "close before headers": replies.CLOSE_BEFORE_HEADERS,
    "close in the middle of the headers": always(Send(b"HTTP/1.1 200 OK\r\nContent-Ty"), Close()),
    "reset in the middle of the headers": always(Send(b"HTTP/1.1 200 OK\r\nContent-Ty"), Wait(0.05), Reset()),
    "garbage": replies.GARBAGE,
    "bad status": replies.BAD_STATUS,
    "bad chunk": replies.BAD_CHUNK,
    "reset after headers": replies.reset_after_headers(),
    "reset in the middle of the body": replies.reset_after_headers([JSON], b'{"half": '),
    "JSON cut short": short([JSON], b'{"half": ', 20),
    "chunked JSON cut short": chunked([JSON], [b'{"half": '], end=[Close()]),
    "gzip cut short": short([JSON, (b"Content-Encoding", b"gzip")], gzip.compress(b"{}")[:10], 20),
    "a broken error": short([JSON], b'{"error": ', 20),
}


@pytest.mark.parametrize("case", BEFORE)
@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
def test_no_whole_answer(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, case: str, warm: bool, agent: str
) -> None:
    """Whether the connection is new or was used before, the client gets an error and no half answer."""
    if warm:
        assert post(daemon, dialect, "warm").status == 200
    upstream.script = BEFORE[case]
    dialect.error(post(daemon, dialect, agent), 502)
    upstream.script = reply()
    assert recorded(daemon, agent)
    assert post(daemon, dialect, "after").status == 200
    daemon.healthy()


@pytest.mark.parametrize("stream_wanted", [False, True], ids=["buffered", "streamed"])
def test_never_answers(
    hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, stream_wanted: bool, agent: str
) -> None:
    upstream.script = always(Hang())
    begun = time.monotonic()
    answer = post(hasty_daemon, dialect, agent, stream=stream_wanted)
    assert 0.9 < time.monotonic() - begun < 8
    dialect.error(answer, 504)
    assert recorded(hasty_daemon, agent)
    hasty_daemon.healthy()


def test_falls_silent_in_the_middle_of_json(
    hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    upstream.script = chunked([JSON], [b'{"half": '], end=[Hang()])
    begun = time.monotonic()
    dialect.error(post(hasty_daemon, dialect, agent), 504)
    assert time.monotonic() - begun < 8
    assert recorded(hasty_daemon, agent)


BREAKS: dict[str, list[Step]] = {
    "closes": [Close()],
    "resets": [Wait(0.1), Reset()],
    "sends garbage": [Send(b"zz\r\nnot a chunk\r\n"), Close()],
}


def assert_broken(answer: Response, dialect: Dialect, sent: bytes) -> str:
    """All that came was handed on, then an error event in the dialect ends the stream, and the framing is whole."""
    assert answer.status == 200
    assert answer.field("content-type") == SSE[1]
    assert answer.body.startswith(sent)
    return dialect.stream_error(answer.body)


@pytest.mark.parametrize("case", BREAKS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_stream_breaks_off_between_events(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, case: str, count: int, agent: str
) -> None:
    upstream.script = stream([dialect.stream_piece] * count, end=BREAKS[case])
    answer = post(daemon, dialect, agent, stream=True)
    if answer.status == 502 and not count:  # nothing had come: an error instead of a stream is as good
        dialect.error(answer, 502)
    else:
        assert assert_broken(answer, dialect, dialect.stream_piece * count)
    assert recorded(daemon, agent)
    daemon.healthy()


def test_stream_breaks_off_within_an_event(daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    """The half event must not be read as a whole one, and what follows it must not look like an end."""
    half = dialect.stream_piece[:-20]
    sent = dialect.stream_piece + half
    upstream.script = stream([sent], end=[Close()])
    answer = post(daemon, dialect, agent, stream=True)
    assert answer.complete
    assert answer.body.startswith(sent)
    found = events(answer.body)
    assert found[0] == events(dialect.stream_piece)[0]
    assert len(found) > 1
    last = found[-1].data.splitlines()[-1]
    assert "error" in json.loads(last) or "error" in json.loads(last)["response"]
    assert not any("[DONE]" in event.data or event.name in ("message_stop", "response.completed") for event in found)
    assert recorded(daemon, agent)


UNFINISHED: dict[str, Script] = {
    "a promised length": short([SSE], b"data: {}\n\n", 400),
    "a content coding": chunked(
        [SSE, (b"Content-Encoding", b"gzip")], [gzip.compress(b"data: {}\n\n")[:9]], end=[Close()]
    ),
    "a file": short([(b"Content-Type", b"application/octet-stream")], b"\x00\x01", 400),
    "a JSON array": chunked([JSON], [b'[{"candidates":[]}\n'], end=[Close()]),
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_what_cannot_take_an_error_event_is_left_visibly_unfinished(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, case: str, agent: str
) -> None:
    """An error in place of the answer, or a break that no HTTP client takes for the end."""
    upstream.script = UNFINISHED[case]
    headers = [dialect.key(), (b"user-agent", agent.encode())]
    answer = daemon.ask(
        "POST", dialect.target(stream=True).removesuffix("?alt=sse"), headers, dialect.body(stream=True)
    )
    assert answer.status == 502 or not answer.complete or b'"error"' in answer.body
    assert recorded(daemon, agent)
    daemon.healthy()


def test_stream_falls_silent(hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    upstream.script = stream([dialect.stream_piece], end=[Hang()])
    begun = time.monotonic()
    answer = post(hasty_daemon, dialect, agent, stream=True)
    assert 0.9 < time.monotonic() - begun < 8
    assert assert_broken(answer, dialect, dialect.stream_piece)
    assert recorded(hasty_daemon, agent)
    hasty_daemon.healthy()


def test_stream_with_silences_below_the_limit_is_whole(
    hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    """No limit counts the whole stream: it lasts longer than any of them."""
    pieces = [dialect.stream_piece] * 5
    upstream.script = stream(pieces, delay=0.5)
    answer = post(hasty_daemon, dialect, agent, stream=True)
    assert answer.complete
    assert answer.body == b"".join(pieces)
    assert hasty_daemon.flow(agent)["error"] is None


PASSED: list[tuple[int, list[Header]]] = [
    (400, []),
    (401, [(b"www-authenticate", b"Bearer"), (b"request-id", b"req_1")]),
    (403, [(b"cf-ray", b"abc")]),
    (404, []),
    (413, []),
    (422, []),
    (429, [(b"Retry-After", b"17"), (b"x-request-id", b"r-9"), (b"anthropic-ratelimit-requests-reset", b"2030-01-01")]),
    (500, [(b"x-request-id", b"r-1")]),
    (503, [(b"retry-after-ms", b"250")]),
    (529, [(b"x-should-retry", b"true"), (b"request-id", b"req_2")]),
]


@pytest.mark.parametrize(("status", "fields"), PASSED, ids=[str(status) for status, _ in PASSED])
@pytest.mark.parametrize("stream_wanted", [False, True], ids=["buffered", "streamed"])
def test_the_providers_own_errors_pass(
    daemon: Daemon,
    upstream: Upstream,
    dialect: Dialect,
    status: int,
    fields: list[Header],
    stream_wanted: bool,
    agent: str,
) -> None:
    body = b'{ "error" : {"type":"of the provider", "message" : "h\\u00e9"} }'
    upstream.script = reply(status, [JSON, *fields], body, b"Whatever")
    answer = post(daemon, dialect, agent, stream=stream_wanted)
    assert (answer.status, answer.body) == (status, body)
    for name, value in fields:
        assert answer.field(name.decode()) == value
    record = daemon.flow(agent)
    assert (record["status"], record["done"]) == (status, True)
    assert len(upstream.requests) == 1


def test_an_html_error_of_a_gateway_before_the_provider_passes(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    upstream.script = reply(502, [(b"Content-Type", b"text/html")], b"<html>bad gateway</html>", b"Bad Gateway")
    answer = post(daemon, dialect, agent)
    assert (answer.status, answer.body) == (502, b"<html>bad gateway</html>")


def test_a_whole_answer_without_framing_passes(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    """An HTTP/1.0 server ends its body by closing: that is no break."""
    upstream.script = close_delimited([SSE], dialect.stream_piece * 2)
    answer = post(daemon, dialect, agent, stream=True)
    assert answer.complete
    assert answer.body == dialect.stream_piece * 2
    assert daemon.flow(agent)["error"] is None


def test_interim_responses_are_not_the_answer(daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    upstream.script = always(Send(early), Wait(0.05), Send(head(200, [JSON, (b"Content-Length", b"2")]) + b"{}"))
    answer = post(daemon, dialect, agent)
    assert (answer.status, answer.body, answer.field("link")) == (200, b"{}", None)
