"""The carrier whose provider is a function: scripts played in their own time, and broken where they say so."""

from __future__ import annotations

import asyncio
import time

import pytest

from ccproxy.exchange import Headers, HttpRequest, Origin
from ccproxy.simulator import Reply, Reset, Send, Step, respond
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.upstream import Upstream
from tests.transport.conftest import Run

UPSTREAM = Upstream(Origin("simulator", "simulator", 0))
REQUEST = HttpRequest("POST", b"/v1/x?y", [(b"A", b"b")], b"body")


def carrier(*steps: Step, status: int = 200) -> EmbeddedCarrier:
    return EmbeddedCarrier(lambda *_: Reply(status, [(b"x", b"y")], list(steps)))


def test_it_hands_over_the_request_and_the_reply(run: Run) -> None:
    asked: list[tuple[str, bytes, Headers, bytes]] = []

    def answer(method: str, target: bytes, headers: Headers, body: bytes) -> Reply:
        asked.append((method, target, headers, body))
        return Reply(201, [(b"x", b"y")], [Send(b"one "), Send(b""), Send(b"two")])

    async def main() -> None:
        incoming = await EmbeddedCarrier(answer).send(UPSTREAM, REQUEST)
        assert (incoming.status, incoming.headers, incoming.reason) == (201, [(b"x", b"y")], b"Created")
        assert (incoming.reused, incoming.http_version) == (False, "1.1")
        assert [chunk async for chunk in incoming] == [b"one ", b"two"]
        assert asked == [("POST", b"/v1/x?y", [(b"A", b"b")], b"body")]
        incoming.close()

    run(main)


@pytest.mark.parametrize("steps", [[], [Send(b"")]])
def test_an_empty_body(run: Run, steps: list[Step]) -> None:
    async def main() -> None:
        assert await (await carrier(*steps).send(UPSTREAM, REQUEST)).read() == b""

    run(main)


def test_steps_take_their_time(run: Run) -> None:
    """The head goes out with the first step, as on a network."""

    async def main() -> None:
        begun = time.monotonic()
        incoming = await carrier(Send(b"1", 0.1), Send(b"2", 0.1), Send(b"3"), Send(b"4", 0.1)).send(UPSTREAM, REQUEST)
        times = [time.monotonic() - begun]
        async for _ in incoming:
            times.append(time.monotonic() - begun)  # noqa: PERF401 - the time is what counts
        wanted = [0.1, 0.1, 0.2, 0.2, 0.3]
        assert all(-0.01 < got - want < 5 for got, want in zip(times, wanted, strict=True)), times

    run(main)


def test_a_reset_before_anything_is_no_answer(run: Run) -> None:
    async def main() -> None:
        begun = time.monotonic()
        with pytest.raises(TransportError, match="without an answer") as caught:
            await carrier(Reset(0.1)).send(UPSTREAM, REQUEST)
        assert (caught.value.kind, caught.value.untouched) == ("reset", True)
        assert time.monotonic() - begun > 0.09

    run(main)


def test_a_reset_in_the_middle_breaks_the_body(run: Run) -> None:
    async def main() -> None:
        incoming = await carrier(Send(b"half"), Reset(0.01), Send(b"never")).send(UPSTREAM, REQUEST)
        assert await anext(incoming) == b"half"
        with pytest.raises(TransportError, match="in the middle") as caught:
            await anext(incoming)
        assert caught.value.kind == "reset"
        whole = await carrier(Send(b"half"), Reset()).send(UPSTREAM, REQUEST)
        with pytest.raises(TransportError):
            await whole.read()

    run(main)


def test_it_can_be_cancelled(run: Run) -> None:
    async def main() -> None:
        incoming = await carrier(Send(b"1"), Send(b"2", 60)).send(UPSTREAM, REQUEST)
        assert await anext(incoming) == b"1"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await anext(incoming)
        incoming.close()
        slow = asyncio.ensure_future(carrier(Send(b"1", 60)).send(UPSTREAM, REQUEST))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    run(main)


def test_who_gives_up_waiting_misses_nothing(run: Run) -> None:
    """And waits no longer for coming back."""

    async def main() -> None:
        incoming = await carrier(Send(b"1"), Send(b"2", 0.1), Send(b"3")).send(UPSTREAM, REQUEST)
        begun, body, given_up = time.monotonic(), b"", 0
        while len(body) < 3:
            try:
                async with asyncio.timeout(0.03):
                    body += await anext(incoming)
            except TimeoutError:
                given_up += 1
        assert given_up >= 2
        assert (body, await anext(incoming, b"")) == (b"123", b"")
        assert time.monotonic() - begun < 5

    run(main)


def test_it_has_no_websocket(run: Run) -> None:
    async def main() -> None:
        incoming = await carrier(Send(b"x")).send(UPSTREAM, REQUEST)
        assert not incoming.ready
        with pytest.raises(TransportError, match="no WebSocket"):
            incoming.write(b"x")
        await carrier().close()

    run(main)


def test_the_simulator_fits(run: Run) -> None:
    body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"SIM_WORDS 3"}]}'

    async def main() -> None:
        request = HttpRequest("POST", b"/v1/chat/completions", [], body)
        incoming = await EmbeddedCarrier(respond).send(UPSTREAM, request)
        assert incoming.status == 200
        assert (await incoming.read() or b"").endswith(b"data: [DONE]\n\n")

    run(main)
