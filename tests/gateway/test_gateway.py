"""The steps together, in one loop with a real front and real servers: what no single step shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ccproxy.exchange import Attempt, Exchange, Failure, HttpRequest, HttpResponse
from ccproxy.flows.store import MemoryStore
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.local_routes import LocalRoutes, health, json_reply
from ccproxy.gateway.origin_check import refuse_foreign_origin
from ccproxy.gateway.recorder import LINES_PER_BATCH, Recorder
from tests.fronts.visitor import Served, ask, post
from tests.transport.peer import Link, Peer, always, ok, run_on, until


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_on("uvloop", main)


CHUNKED_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_json_without_a_length_does_not_fill_the_memory() -> None:
    """It is held back so that a break can still become an error, but only up to a bound."""
    block = b"x" * 1_000_000

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED_JSON)
        for _ in range(40):
            await link.send(b"%x\r\n%b\r\n" % (len(block), block))
        began.set()
        await link.closed()

    began = asyncio.Event()

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            visitor = await served.visit(post())
            assert (await visitor.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            got = 0
            while got < 40_000_000:
                got += len(await visitor.reader.read(1_000_000))
            await began.wait()
            (record,) = served.records
            assert not record.done
            visitor.leave()
            await until(lambda: record.done)
            assert record.provider_response is not None
            assert record.provider_response.size >= 39_000_000
            assert len(record.provider_response.body) == served.house.recorder.body_limit

    run(main)


def test_json_that_breaks_off_within_the_bound_is_an_error() -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED_JSON + b"186a0\r\n" + b"x" * 100_000)

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            answer = await served.one(post())
            assert answer.status == 502
            assert json.loads(answer.body)["type"] == "error"

    run(main)


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        (b"/v1/messages", [], b'{"model": "other"}'),
        (b"/v1/messages/count_tokens", [], b'{"model": "other"}'),
        (b"/v1/messages/batches", [], b'{"requests": []}'),
    ],
)
def test_the_record_tells_what_was_asked_and_what_was_sent(target: bytes, headers: list[bytes], body: bytes) -> None:
    rule = {"match_path": "^/v1", "dest_provider": "p", "dest_model": "mine"}

    async def main() -> None:
        async with Peer(always(ok(b"{}"))) as peer, Served(peer, lightllm={"transforms": [rule]}) as served:
            assert (await served.one(post(body, *headers, target=target))).status == 200
            (record,) = served.records
            assert record.request.body == body
            assert record.forwarded is not None
            assert record.forwarded.body == body.replace(b'"other"', b'"mine"')
            assert record.forwarded.target == target
            assert record.route is not None
            assert record.route.reason == "rule 1 of lightllm.transforms"
            assert (len(record.attempts), record.done, record.failure) == (1, True, None)
            times = record.timings
            assert times.received is not None
            assert times.sent is not None
            assert times.headers is not None
            assert times.finished is not None
            assert times.started <= times.received <= times.sent <= times.headers <= times.finished

    run(main)


def test_a_warm_connection_and_a_second_try_are_in_the_record() -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(ok(b"{}"))
        await link.request()
        if link.number:
            await link.send(ok(b"{}"))

    async def main() -> None:
        async with Peer(serve) as peer, Served(peer) as served:
            for _ in range(3):
                assert (await served.one(post())).status == 200
            assert [(len(record.attempts), record.reused_connection) for record in served.records] == [
                (1, False),
                (2, False),
                (1, True),
            ]

    run(main)


def test_the_simulator_needs_no_network() -> None:
    async def main() -> None:
        async with Served() as served:
            key = b"x-api-key: sk-ant-oat-ccproxy-sim"
            body = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
            data = post(body).replace(b"x-api-key: sk-ant-oat-ccproxy-p", key)
            answer = await served.one(data)
            assert answer.status == 200
            assert json.loads(answer.body)["type"] == "message"
            assert (await served.one(ask(b"/v1/models"))).status == 200

    run(main)


# -- single steps


ORIGINS = {
    b"http://localhost:3000": True, b"http://127.0.0.1": True, b"https://[::1]:8": True, b"http://LOCALHOST": True,
    b"chrome-extension://abc": True, b"vscode-webview://abc": True, b"": True,
    b"null": False, b" null ": False, b"https://example.com": False, b"http://localhost.example.com": False,
    b"http://127.0.0.1.example.com": False, b"http://127.0.0.1@example.com": False, b"http://[": False,
    b"http://": False, b"HTTPS://EXAMPLE.COM": False,
}  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
def test_web_pages_of_other_sites(origin: bytes) -> None:
    if ORIGINS[origin]:
        refuse_foreign_origin({b"origin": origin})
    else:
        with pytest.raises(Refused) as caught:
            refuse_foreign_origin({b"origin": origin})
        assert caught.value.status == 403
    refuse_foreign_origin({})


def inquiry(method: str, target: bytes, *headers: tuple[bytes, bytes], body: bytes = b"") -> Inquiry:
    return Inquiry(Exchange(HttpRequest(method, target, list(headers), body)))


WEBSOCKET = [(b"Upgrade", b"WebSocket"), (b"Connection", b"keep-alive, Upgrade")]


def test_what_asks_for_a_websocket() -> None:
    assert inquiry("GET", b"/", *WEBSOCKET).upgrade
    assert not inquiry("POST", b"/", *WEBSOCKET).upgrade
    assert not inquiry("GET", b"/", *WEBSOCKET[:1]).upgrade
    assert not inquiry("GET", b"/", *WEBSOCKET[1:]).upgrade
    assert not inquiry("GET", b"/", WEBSOCKET[1], (b"Upgrade", b"h2c")).upgrade


def test_a_body_is_read_once_and_only_if_it_can_be() -> None:
    good = inquiry("POST", b"/v1/messages", body=b'{"model":"m"}')
    assert good.document() is good.document()
    assert good.model() == "m"
    for headers, body in (
        ((), b"{"),
        (((b"Content-Encoding", b"gzip"),), b"{}"),
        (((b"Content-Encoding", b"x"),), b"{}"),
    ):
        bad = inquiry("POST", b"/v1/messages", *headers, body=body)
        assert bad.model() is None
        with pytest.raises(Refused) as caught:
            bad.document()
        assert caught.value.status == 400


def test_local_routes() -> None:
    routes = LocalRoutes({"/health": {"GET": health}, "/x": {"POST": lambda _: json_reply({"a": 1}, 201)}})
    assert routes.find(inquiry("GET", b"/health?x")) is health
    assert routes.find(inquiry("HEAD", b"/health")) is health
    assert routes.find(inquiry("GET", b"/health/")) is None
    answer = routes.find(inquiry("POST", b"/x"))
    assert answer is not None
    assert answer(inquiry("POST", b"/x")).body == b'{"a":1}'
    with pytest.raises(Refused) as caught:
        routes.find(inquiry("DELETE", b"/x"))
    assert (caught.value.status, caught.value.headers) == (405, [(b"Allow", b"POST")])
    jailed = inquiry("GET", b"/health")
    jailed.exchange.front = "jail"
    assert routes.find(jailed) is None, "another host's path of the same name is not ours"


@pytest.mark.parametrize("sizes", [[10], [11], [4, 4, 4], [9, 1, 1], [20, 1], [3, 20, 3]])
def test_what_is_kept_of_a_body_is_its_beginning(sizes: list[int]) -> None:
    recorder, response = Recorder(MemoryStore(), body_limit=10), HttpResponse(200, [])
    whole = bytes(range(sum(sizes)))
    kept, at = 0, 0
    for size in sizes:
        kept = recorder.keep(response, kept, whole[at : at + size])
        at += size
    assert response.body == whole[:10]
    assert response.size == len(whole)


def test_the_log_is_written_in_batches(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        store = MemoryStore()
        recorder = Recorder(store)
        for number in range(100):
            exchange = Exchange(HttpRequest("GET", b"/p%d?key=secret" % number, []))
            recorder.begin(exchange)
            recorder.finish(exchange, Failure("reset", "broke") if number % 50 == 49 else None)
            recorder.finish(exchange, Failure("again", "not the first cause"))
        assert not caplog.records
        await asyncio.sleep(0.15)
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == LINES_PER_BATCH + 2 + 1
        assert lines[-1].startswith(f"... and {100 - LINES_PER_BATCH - 2} more")
        assert [line.rpartition("(")[2] for line in lines if "broke" in line] == ["reset: broke)"] * 2
        assert "secret" not in str(lines)
        recorder.flush()
        assert len(caplog.records) == len(lines)

    with caplog.at_level("INFO"):
        run(main)


def test_the_log_tells_why_a_refusal_was_the_last_word(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        recorder = Recorder(MemoryStore())
        for notes in (["sent again with a renewed credential", ""], ["the credential was not renewed: log in again"]):
            exchange = Exchange(HttpRequest("POST", b"/v1/messages", []))
            exchange.attempts += [Attempt(status=401, note=note) for note in notes]
            recorder.begin(exchange)
            recorder.finish(exchange)
        recorder.flush()
        first, second = (record.getMessage() for record in caplog.records)
        assert first.endswith(" ms")
        assert second.endswith(" ms (the credential was not renewed: log in again)")

    with caplog.at_level("INFO"):
        run(main)
