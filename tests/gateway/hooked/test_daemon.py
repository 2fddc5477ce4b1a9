"""Response hooks of a user's own, in a running daemon."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.support.configs import providers
from tests.support.crossing import CLIENTS, answering, ask_across, document, read
from tests.support.daemon import Daemon, Home
from tests.support.hooks import put_hooks
from tests.support.http import Response, request_bytes
from tests.support.provider_answers import stream_of
from tests.support.replies import SSE, chunk, head, stream
from tests.support.upstream import Hang, Recorded, Reset, Send, Step, Upstream, Wait

FORMATS = list(CLIENTS)
ALL = [(client, provider) for client in FORMATS for provider in FORMATS]
WATCHING = """
    from ccproxy import hook
    from ccproxy.lightllm.events import End, Error, TextDelta


    @hook(stage="response", reads=["text"], writes=["exchange.tags"])
    def counts(ctx, params):
        if isinstance(ctx.event, TextDelta):
            ctx.state["length"] = ctx.state.get("length", 0) + len(ctx.event.text)
        if isinstance(ctx.event, End | Error):
            ctx.exchange.tag("characters", str(ctx.state.get("length", 0)))
"""
WRITING = """
    import asyncio

    from ccproxy import hook
    from ccproxy.lightllm.events import BlockStop, TextDelta
    from ccproxy.pipeline.holdback import Holdback


    @hook(stage="response", reads=["text", "exchange.session"], writes=["text"], guard=lambda ctx: False)
    async def masks(ctx, params):
        event = ctx.event
        await asyncio.sleep(0)
        if isinstance(event, TextDelta):
            text = ctx.state.setdefault(event.index, Holdback(r"sk-\\w{3,9}", "***", 12)).feed(event.text)
            return TextDelta(event.index, text) if text else []
        if isinstance(event, BlockStop):
            text = ctx.state.pop(event.index).flush()
            return [TextDelta(event.index, text), event] if text else event


    @hook(stage="response", reads=["text"], guard=lambda ctx: False, on_error="fail")
    def forbids(ctx, params):
        if isinstance(ctx.event, TextDelta) and "llo" in ctx.event.text:
            raise PermissionError("not this word")
"""
ON = (b"x-ccproxy-hooks", b"+masks")
STRICT = (b"x-ccproxy-hooks", b"+forbids")


@pytest.fixture(scope="module")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with a hook that looks on, and two that only run if asked to."""
    home = Home()
    put_hooks(home, watching=WATCHING, writing=WRITING)
    try:
        with Daemon({"providers": providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))}, home=home) as it:
            yield it
    finally:
        home.remove()


def results(flow: dict[str, Any]) -> dict[str, str]:
    """What became of the hooks of the answer."""
    return {each["name"]: each["outcome"] for each in flow["hooks"] if each["stage"] == "response"}


def pieces(answer: Response) -> bytes:
    return b"".join(data for _, data in answer.pieces)


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_hook_rewrites_what_comes_back(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(provider, ["Hello sk", "-abc", "123 and", " more"], sse=streamed)
    headers = [ON, (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=streamed, headers=headers)
    assert read(client, answer).text == "Hello *** and more"
    flow = hooked.flow(agent)
    assert results(flow) == {"masks": "ran", "counts": "ran", "forbids": "skipped"}
    assert flow["tags"] == {"characters": str(len("Hello *** and more"))}
    assert (flow["error"], flow["status"]) == (None, 200)
    assert flow["usage"]["output_tokens"] == 5
    bodies = hooked.control("GET", f"/flows/{flow['id']}")["bodies"]
    assert bodies["client_response"]["text"] == answer.body.decode()
    assert "-abc" in bodies["provider_response"]["text"]


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("client", FORMATS)
def test_hooks_that_look_on_leave_every_byte(
    hooked: Daemon, upstream: Upstream, client: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(client, sse=streamed)
    sent = b"".join(stream_of(client)) if streamed else None
    answer = ask_across(hooked, client, client, stream=streamed, headers=[(b"user-agent", agent.encode())])
    assert sent in (None, pieces(answer))
    flow = hooked.flow(agent)
    assert flow["tags"] == {"characters": str(len("Hello there"))}
    assert results(flow) == {"counts": "ran", "masks": "skipped", "forbids": "skipped"}


@pytest.mark.parametrize(("client", "provider"), ALL)
def test_the_first_words_do_not_wait_for_the_last(
    hooked: Daemon, upstream: Upstream, client: str, provider: str
) -> None:
    first_half_read = threading.Event()
    events = stream_of(provider, ["the first words", " the last words"])
    at = next(number for number, each in enumerate(events) if b"first" in each) + 1

    def script(request: Recorded) -> Iterable[Step]:
        yield Send(head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + b"".join(map(chunk, events[:at])))
        assert first_half_read.wait(10)
        yield Send(b"".join(map(chunk, events[at:])) + b"0\r\n\r\n")

    upstream.script = script
    dialect = CLIENTS[client]
    with hooked.client() as connection:
        body = document(dialect, stream=True)
        connection.send(request_bytes("POST", dialect.target(stream=True), [dialect.key(provider), ON], body))
        answer = connection.head()
        for _ in connection.pieces(answer):
            if b"the" in answer.body:
                first_half_read.set()
    assert read(client, answer).text == "the first words the last words"


@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_hook_that_must_not_fail(hooked: Daemon, upstream: Upstream, client: str, provider: str, agent: str) -> None:
    dialect = CLIENTS[client]
    headers = [STRICT, (b"user-agent", agent.encode())]
    upstream.script = answering(provider, ["He", "llo"], sse=True)
    answer = ask_across(hooked, client, provider, stream=True, headers=headers)
    assert "not this word" in dialect.stream_error(answer.body)
    assert b"llo" not in answer.body
    upstream.script = answering(provider, ["He", "llo"], sse=False)
    answer = ask_across(hooked, client, provider, headers=[STRICT])
    assert "not this word" in dialect.error(answer, 500)
    flow = hooked.flow(agent)
    assert flow["error"]["kind"] == "hook_failed"
    assert results(flow)["forbids"] == "failed"


@pytest.mark.parametrize("hooks", [[], [ON]], ids=["looks", "writes"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_a_stream_that_breaks_off(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, hooks: list[Any], agent: str
) -> None:
    events = stream_of(provider, ["Hello and welcome", "you"])
    at = next(number for number, each in enumerate(events) if b"Hello" in each) + 1
    upstream.script = stream(events[:at], end=[Wait(0.02), Reset()])
    headers = [*hooks, (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=True, headers=headers)
    assert answer.complete
    assert CLIENTS[client].stream_error(answer.body)
    flow = hooked.flow(agent)
    assert flow["error"]["kind"] == "reset"
    assert results(flow)["counts"] == "ran"


@pytest.mark.parametrize("hooks", [[], [ON]], ids=["looks", "writes"])
@pytest.mark.parametrize(("client", "provider"), [("anthropic", "anthropic"), ("openai", "gemini")])
def test_a_client_that_goes_away(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, hooks: list[Any], agent: str
) -> None:
    events = stream_of(provider, ["Hello and welcome", "you"])
    at = next(number for number, each in enumerate(events) if b"Hello" in each) + 1
    upstream.script = stream(events[:at], end=[Hang()])
    dialect = CLIENTS[client]
    headers = [dialect.key(provider), *hooks, (b"user-agent", agent.encode())]
    with hooked.client() as connection:
        connection.send(request_bytes("POST", dialect.target(stream=True), headers, document(dialect, stream=True)))
        answer = connection.head()
        next(piece for piece in connection.pieces(answer) if b"Hello" in answer.body)
    flow = hooked.flow(agent)
    assert flow["error"]["kind"] == "client_disconnected"
    assert results(flow)["counts"] == "ran"
    assert hooked.ask("GET", "/health").status == 200


def test_one_connection_serves_one_answer_after_the_other(hooked: Daemon, upstream: Upstream) -> None:
    """The bodies of answers that are read to their ends leave their connections to the next."""
    for streamed in (True, False, True):
        upstream.script = answering("openai", sse=streamed)
        for headers in ([ON], []):
            answer = ask_across(hooked, "openai", "openai", stream=streamed, headers=headers)
            assert json.dumps("Hello")[1:-1] in answer.body.decode()
    assert len({seen.connection for seen in upstream.requests}) == 1


def test_what_has_no_model_behind_it_has_no_hooks(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    dialect = CLIENTS["anthropic"]
    headers = [dialect.key("anthropic"), ON, (b"user-agent", agent.encode())]
    answer = hooked.ask("POST", "/v1/messages/batches", headers, b'{"requests": []}')
    assert answer.body == b"{}"
    assert results(hooked.flow(agent)) == {}
