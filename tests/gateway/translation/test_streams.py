"""Streams between the formats: how they end, what they hold up, what they leave behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest

from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, document, read, read_stream
from tests.support.daemon import Daemon
from tests.support.http import request_bytes
from tests.support.provider_answers import error_event_of, stream_of
from tests.support.replies import SSE, chunk, chunked, close_delimited, each, head, stream
from tests.support.upstream import Close, Flood, Hang, Recorded, Reset, Send, Step, Upstream, Wait

FEW = [("anthropic", "openai"), ("openai", "gemini"), ("openai_responses", "anthropic"), ("gemini", "openai_responses")]


def has_left(upstream: Upstream) -> bool:
    """True once the daemon has closed a connection in the middle of an answer."""
    end = time.monotonic() + 5
    while not upstream.left and time.monotonic() < end:
        time.sleep(0.01)
    return bool(upstream.left)


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_every_pair_carries_text_stop_and_usage(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    upstream.script = answering(provider, ["Hé", "llo ", '\U0001f600 \u2028 \\ " '], sse=True)
    options = {"stream_options": {"include_usage": True}} if client == "openai" else {}
    got = read(client, ask_across(daemon, client, provider, options, stream=True))
    assert got.text == 'Héllo \U0001f600 \u2028 \\ " '
    assert got.usage == (11, 5)


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_wherever_the_stream_is_cut(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, ends: bytes, size: int
) -> None:
    data = b"".join(stream_of(provider, ["Hé", "llo"])).replace(b"\n", ends)
    upstream.script = chunked([SSE], [data[at : at + size] for at in range(0, len(data), size)])
    assert read(client, ask_across(daemon, client, provider, stream=True)).text == "Héllo"


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_text_is_passed_on_as_it_comes(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    """The second half is sent only after the client has read the first."""
    first_half_read = threading.Event()
    events = stream_of(provider, ["first", "second"])
    at = next(number for number, each in enumerate(events) if b"first" in each) + 1

    def script(request: Recorded) -> Iterable[Step]:
        yield Send(head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + b"".join(map(chunk, events[:at])))
        assert first_half_read.wait(10)
        yield Send(b"".join(map(chunk, events[at:])) + b"0\r\n\r\n")

    upstream.script = script
    dialect = CLIENTS[client]
    with daemon.client() as connection:
        body = document(dialect, stream=True)
        connection.send(request_bytes("POST", dialect.target(stream=True), [dialect.key(provider)], body))
        answer = connection.head()
        for _ in connection.pieces(answer):
            if b"first" in answer.body:
                first_half_read.set()
    assert read(client, answer).text == "firstsecond"


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_an_error_in_mid_stream(daemon: Daemon, upstream: Upstream, client: str, provider: str, agent: str) -> None:
    events = stream_of(provider, ["Hel", "lo"])
    at = next(number for number, each in enumerate(events) if b"Hel" in each) + 1
    upstream.script = stream([*events[:at], error_event_of(provider, "all is lost")])
    answer = ask_across(daemon, client, provider, stream=True, headers=[(b"user-agent", agent.encode())])
    assert "Hel" in answer.body.decode()
    assert "all is lost" in CLIENTS[client].stream_error(answer.body)
    assert "all is lost" in daemon.flow(agent)["error"]["message"]


ENDS = {
    "early end": [Send(b"0\r\n\r\n")],
    "closed": [Close()],
    "reset": [Wait(0.02), Reset()],
    "not http": [Send(b"zzz\r\n"), Close()],
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_stream_that_breaks_off_ends_in_an_error(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, end: list[Step], agent: str
) -> None:
    events = stream_of(provider, ["Hel", "lo"])
    at = next(number for number, each in enumerate(events) if b"Hel" in each) + 1
    upstream.script = stream(events[:at], end=end)
    answer = ask_across(daemon, client, provider, stream=True, headers=[(b"user-agent", agent.encode())])
    assert answer.complete
    assert "Hel" in answer.body.decode()
    assert CLIENTS[client].stream_error(answer.body)
    flow = daemon.flow(agent)
    assert flow["error"]
    assert flow["error"]["kind"] != "client_disconnected"


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_silent_stream_ends_in_an_error_once_the_time_is_up(
    hasty_daemon: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    events = stream_of(provider, ["Hel", "lo"])
    at = next(number for number, each in enumerate(events) if b"Hel" in each) + 1
    upstream.script = stream(events[:at], end=[Hang()])
    answer = ask_across(hasty_daemon, client, provider, stream=True, headers=[(b"user-agent", agent.encode())])
    assert CLIENTS[client].stream_error(answer.body)
    assert hasty_daemon.flow(agent)["error"]["kind"] == "idle_timeout"
    assert has_left(upstream)


def test_no_first_byte_in_time(hasty_daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = lambda request: [Hang()]
    answer = ask_across(hasty_daemon, "openai", "anthropic", stream=True)
    assert CLIENTS["openai"].error(answer, 504)


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_keep_alives_are_passed_on(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    ping = b'event: ping\ndata: {"type":"ping"}\n\n' if provider == "anthropic" else b": ping\n\n"
    events = stream_of(provider, ["Hel", "lo"])
    at = next(number for number, each in enumerate(events) if b"Hel" in each) + 1
    upstream.script = stream([*events[:at], ping, *events[at:]])
    answer = ask_across(daemon, client, provider, stream=True)
    assert read(client, answer).text == "Hello"
    # Gemini's SDKs take a comment for an answer: they get an empty line.
    expected = {"anthropic": b"event: ping\n", "gemini": b"}\r\n\r\n\r\n"}.get(client, b"\n: keep-alive\n")
    assert expected in answer.body


# -- the provider's connection


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_one_connection_serves_one_answer_after_the_other(
    daemon: Daemon, upstream: Upstream, client: str, provider: str
) -> None:
    whole, piecewise = answering(provider, sse=False), answering(provider, sse=True)
    upstream.script = each(piecewise, whole, piecewise, piecewise)
    for streamed in (True, False, True, True):
        assert read(client, ask_across(daemon, client, provider, stream=streamed)).text == "Hello there"
    assert len({seen.connection for seen in upstream.requests}) == 1


@pytest.mark.parametrize(("client", "provider"), [pair for pair in FEW if pair[1] != "gemini"])
def test_a_provider_that_lingers_after_the_end_holds_nobody_up(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    """Its last event says that the answer is whole. Gemini's stream has no such event: its body has to end."""
    upstream.script = stream(stream_of(provider), end=[Hang()])
    begun = time.monotonic()
    answer = ask_across(daemon, client, provider, stream=True, headers=[(b"user-agent", agent.encode())])
    assert time.monotonic() - begun < 5
    assert answer.pieces[-1][0] < 0.45 or len(answer.pieces) == 1
    assert read(client, answer).text == "Hello there"
    assert daemon.flow(agent)["error"] is None


def test_what_comes_after_the_end_is_not_passed_on(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    late = [*stream_of("anthropic"), *stream_of("anthropic", ["once more"]), b"garbage\n\n"]
    upstream.script = stream(late)
    answer = ask_across(daemon, "openai", "anthropic", stream=True, headers=[(b"user-agent", agent.encode())])
    assert read("openai", answer).text == "Hello there"
    assert daemon.flow(agent)["error"] is None


# -- the client's connection


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_client_that_goes_away_takes_the_providers_connection_with_it(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    events = stream_of(provider, ["Hel", "lo"])
    at = next(number for number, each in enumerate(events) if b"Hel" in each) + 1
    upstream.script = stream(events[:at], end=[Hang()])
    dialect = CLIENTS[client]
    headers = [dialect.key(provider), (b"user-agent", agent.encode())]
    with daemon.client() as connection:
        connection.send(request_bytes("POST", dialect.target(stream=True), headers, document(dialect, stream=True)))
        answer = connection.head()
        next(piece for piece in connection.pieces(answer) if b"Hel" in answer.body)
    flow = daemon.flow(agent)
    assert flow["error"]["kind"] == "client_disconnected"
    assert has_left(upstream)
    daemon.healthy()


@pytest.mark.parametrize(("client", "provider"), FEW)
def test_a_client_that_does_not_wait_for_its_whole_answer(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, agent: str
) -> None:
    asked = threading.Event()

    def script(request: Recorded) -> Iterable[Step]:
        asked.set()
        return [Hang()]

    upstream.script = script
    dialect = CLIENTS[client]
    with daemon.client() as connection:
        headers = [dialect.key(provider), (b"user-agent", agent.encode())]
        connection.send(request_bytes("POST", dialect.target(), headers, document(dialect)))
        assert asked.wait(10)
    assert daemon.flow(agent)["error"]["kind"] == "client_disconnected"
    assert has_left(upstream)


@pytest.mark.parametrize("client", ["openai", "openai_responses", "gemini"])
def test_a_client_that_does_not_read_stops_the_provider(
    daemon: Daemon, upstream: Upstream, client: str, agent: str
) -> None:
    """What the provider sends faster than the client reads is not piled up."""
    events = stream_of("anthropic", ["w" * 1000] * 3)
    opening = head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + b"".join(map(chunk, events[:2]))
    upstream.script = lambda request: [Send(opening), Flood(chunk(events[2]) * 50, 200_000_000)]
    dialect = CLIENTS[client]
    with daemon.client() as connection:
        headers = [dialect.key("anthropic"), (b"user-agent", agent.encode())]
        body = document(dialect, stream=True)
        connection.send(request_bytes("POST", dialect.target(stream=True), headers, body))
        assert connection.head().status == 200
        before, now = -1, 0
        while now != before or not now:
            time.sleep(0.2)
            before, now = now, upstream.flooded
        assert now < 40_000_000
        daemon.healthy()
    assert daemon.flow(agent)["error"]["kind"] == "client_disconnected"


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), FEW)
def test_clients_of_http_1_0(daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool) -> None:
    upstream.script = answering(provider, sse=streamed)
    dialect = CLIENTS[client]
    body = document(dialect, stream=streamed)
    data = request_bytes("POST", dialect.target(stream=streamed), [dialect.key(provider)], body)
    with daemon.client() as connection:
        connection.send(data.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1))
        answer = connection.response()
        assert answer.field("transfer-encoding") is None
        assert read(client, answer).text == "Hello there"
        assert connection.closed_within(2)


def test_sixty_four_streams_at_once_do_not_mix(daemon: Daemon, upstream: Upstream) -> None:
    """All are open at the same time, and each client gets the text that answers its own request."""
    everybody = threading.Barrier(64)

    def script(request: Recorded) -> Iterable[Step]:
        mark = request.field("user-agent") or b""
        events = stream_of(_format_at(request.target), [mark.decode(), " and ", "more"])
        yield Send(head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + b"".join(map(chunk, events[:2])))
        everybody.wait(20)
        for event in events[2:]:
            yield Send(chunk(event))
        yield Send(b"0\r\n\r\n")

    upstream.script = script
    got: dict[int, tuple[str, bytes]] = {}

    def visit(number: int) -> None:
        client, provider = PAIRS[number % len(PAIRS)]
        headers = [(b"user-agent", b"agent-%d" % number)]
        got[number] = (client, ask_across(daemon, client, provider, stream=True, headers=headers).body)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {number: read_stream(*each).text for number, each in got.items()} == {
        number: f"agent-{number} and more" for number in range(64)
    }


def _format_at(target: bytes) -> str:
    marks = {b"/messages": "anthropic", b"/completions": "openai", b"/responses": "openai_responses"}
    return next((name for mark, name in marks.items() if mark in target), "gemini")


def test_a_stream_without_chunks(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = close_delimited([SSE], b"".join(stream_of("openai")))
    assert read("anthropic", ask_across(daemon, "anthropic", "openai", stream=True)).text == "Hello there"


def test_a_gemini_client_without_sse_gets_a_json_array(daemon: Daemon, upstream: Upstream) -> None:
    dialect = CLIENTS["gemini"]
    upstream.script = answering("anthropic", sse=True)
    answer = daemon.ask("POST", "/v1beta/models/m:streamGenerateContent", [dialect.key("anthropic")], dialect.body())
    assert answer.field("content-type") == b"application/json"
    parts = [part for each in answer.json() for part in each["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part.get("text", "") for part in parts) == "Hello there"
    assert answer.json()[-1]["candidates"][0]["finishReason"] == "STOP"
