"""What the record says of a translated exchange, and what it does not keep."""

from __future__ import annotations

import gc
import json
import threading
from collections import Counter
from typing import Any

import pytest

from ccproxy.gateway.translation.relay import TranslatedRelay
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.fronts.visitor import Served, post
from tests.support.crossing import PAIRS, answering, ask_across
from tests.support.daemon import Daemon
from tests.support.provider_answers import stream_of
from tests.support.upstream import Upstream
from tests.transport.peer import Link, Peer, run_on, until

SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHAT = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}'


def framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def asked(body: bytes = CHAT) -> bytes:
    """A Chat client's request to the provider `p`, which speaks Anthropic's format."""
    return post(body, target=b"/v1/chat/completions")


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_flows_list_shows_the_tokens_that_the_provider_counted(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(provider, sse=streamed)
    ask_across(daemon, client, provider, stream=streamed, headers=[(b"user-agent", agent.encode())])
    flow = daemon.flow(agent)
    assert (flow["usage"]["input_tokens"], flow["usage"]["output_tokens"]) == (11, 5)
    assert (flow["format"], flow["provider"], flow["action"]) == (client, provider, "transform")
    assert (flow["model"], flow["dest_model"], flow["status"], flow["error"]) == ("m-1", "m-1", 200, None)
    assert 0 < flow["first_byte_ms"] <= flow["total_ms"]


def test_flows_list_on_the_command_line(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = answering("gemini", sse=True)
    ask_across(daemon, "anthropic", "gemini", stream=True, headers=[(b"user-agent", agent.encode())])
    daemon.flow(agent)
    listed = daemon.home.run("flows", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    (flow,) = [flow for flow in json.loads(listed.stdout) if flow["user_agent"] == agent]
    assert flow["usage"]["input_tokens"] == 11
    table = daemon.home.run("flows", "list")
    assert "11/5" in table.stdout


def test_the_record_has_all_four_messages(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = answering("openai", sse=True)
    answer = ask_across(daemon, "anthropic", "openai", stream=True, headers=[(b"user-agent", agent.encode())])
    (seen,) = upstream.requests
    bodies = daemon.control("GET", f"/flows/{daemon.flow(agent)['id']}")["bodies"]
    assert '"max_tokens"' in bodies["client_request"]["text"]
    assert bodies["forwarded_request"]["text"] == seen.body.decode()
    assert bodies["provider_response"]["text"] == b"".join(stream_of("openai")).decode()
    assert bodies["client_response"]["text"] == answer.body.decode()


def test_the_record_of_a_long_stream_is_bounded() -> None:
    """What passes is counted; what is kept of both sides has a bound."""
    start, block, *deltas = stream_of("anthropic", ["y" * 10_000] * 200)

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(SSE_HEAD + framed(start) + framed(block))
        for event in deltas:
            await link.send(framed(event))
        await link.send(b"0\r\n\r\n")

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            served.house.recorder.body_limit = 50_000
            answer = await served.one(asked())
            assert answer.body.count(b"y" * 10_000) == 200
            (record,) = served.records
            await until(lambda: record.done)
            for side in (record.provider_response, record.response):
                assert side is not None
                assert len(side.body) == 50_000
                assert side.size > 2_000_000
                assert side.complete

    run_on("uvloop", main)


def alive() -> list[Any]:
    """The parts of streams that something still refers to."""
    return [each for each in gc.get_objects() if type(each) in (TranslatedRelay, StreamTranslator)]


def test_fifty_dropped_streams_leave_nothing_behind() -> None:
    """No thread, no task, no translator, no connection."""
    begin = b"".join(map(framed, stream_of("anthropic", ["Hel", "lo"])[:3]))
    hung_up = Counter[str]()
    earlier = alive()  # what other tests have left behind

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(SSE_HEAD + begin)
        await link.closed()
        hung_up["provider"] += 1

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            warm = await served.visit(asked())
            await warm.reader.readuntil(b"Hel")
            threads = threading.active_count()
            visitors = [await served.visit(asked()) for _ in range(49)]
            for visitor in visitors:
                await visitor.reader.readuntil(b"Hel")
            assert threading.active_count() == threads
            for visitor in (warm, *visitors):
                visitor.leave()
            await until(lambda: hung_up["provider"] == 50)
            await until(lambda: all(record.done for record in served.records))
            assert {record.failure and record.failure.kind for record in served.records} == {"client_disconnected"}
            gc.collect()
            assert [each for each in alive() if not any(each is one for one in earlier)] == []
            assert threading.active_count() == threads

    run_on("uvloop", main)
