"""What the matrix does not show of a call to a provider that is out of capacity: what is kept, told and left behind."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
from typing import Any

import brotli
import pytest
import zstandard

from ccproxy.transport.carrier import TransportError
from ccproxy.transport.delivery import Delivery, Injected, Walk
from ccproxy.transport.held import LOOKED_AT
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import CapacityPolicy
from ccproxy.transport.walking import Walking
from tests.support.http import field_of
from tests.transport.capacity_kinds import BY_NAME, GOOD_EVENT
from tests.transport.capacity_stage import (
    NEW,
    OLD,
    End,
    Reply,
    Script,
    Stage,
    Virtual,
    call,
    delivery_of,
    end_of,
    read,
    renew,
    with_model,
)  # fmt: skip
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, ok, until

SHORT = BY_NAME["429"].reply("status line", "a", 1)[0]
REFUSED = BY_NAME["401"].reply("status line", "a", 1)[0]
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def answer(body: bytes, *fields: bytes, status: int = 429) -> bytes:
    """A whole answer."""
    return ok(body, *fields).replace(b"200 OK", b"%d No" % status)


def told(delay: str) -> bytes:
    """The body of an error that tells a pause."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return json.dumps({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}).encode()


class Played:
    """One call on a stage of its own: what came of it."""

    def __init__(self, replies: dict[str, list[Reply]], *, pinned: bool = False, **settings: Any) -> None:
        self.stage, self.virtual = Stage(Script(replies)), Virtual()
        self._pinned, self._settings = pinned, settings
        self.delivery: Delivery
        self.end: End

    async def play(self) -> Played:
        async with Peer(self.stage.serve) as peer:
            way = self.stage.transport(peer, self.virtual.clock, **self._settings)
            self.delivery = delivery_of(peer, pinned=self._pinned)
            self.end = await end_of(way, self.delivery)
            self.connections = len(peer.links)
            await way.close()
        return self

    @property
    def notes(self) -> list[str]:
        return [attempt.note for attempt in self.delivery.attempts]


# -- what is told of it


def test_each_attempt_says_why_another_followed(run: Run) -> None:
    async def main() -> None:
        replies: dict[str, list[Reply]] = {"a": [SHORT, answer(told("3s"))], "b": [REFUSED], "c": [ok(b"good")]}
        played = await Played(replies, fallback_models=["b", "c"], sticky_retry_attempts=1).play()
        assert played.end == End(200, b"good")
        assert played.notes == [
            "out of capacity (429 RESOURCE_EXHAUSTED): asked again after 0.8 s",
            "out of capacity (429 RESOURCE_EXHAUSTED): b is asked instead",
            "sent again with a renewed credential",
            "the renewed credential was refused too; refused (401): c is asked instead",
            "",
        ]
        assert [attempt.status for attempt in played.delivery.attempts] == [429, 429, 401, 401, 200]
        first, second = played.delivery.attempts[:2]
        assert (first.body, second.body) == (SHORT.partition(b"\r\n\r\n")[2], told("3s"))
        assert (b"Content-Type", b"application/json") in first.headers
        assert played.connections == 1, "errors are read to their end, so that their connection serves on"

    run(main)


@pytest.mark.parametrize(
    ("settings", "reply", "why"),
    [
        ({"sticky_retry_attempts": 0}, SHORT, "no other model is left"),
        ({"sticky_retry_attempts": 0, "pinned": True}, SHORT, "no other model may be asked"),
        ({}, answer(told("400s")), "a pause of 400 s is asked for"),
        ({"total_retry_budget_seconds": 2}, answer(told("5s")), "in 5.0 s the 2 s would be over that there are for it"),
    ],
)
def test_the_last_attempt_says_why_none_followed(run: Run, settings: dict[str, Any], reply: bytes, why: str) -> None:
    async def main() -> None:
        played = await Played({"a": [reply]}, **settings).play()
        assert played.notes == [f"out of capacity (429 RESOURCE_EXHAUSTED), and nothing more is tried: {why}"]
        assert not played.delivery.attempts[0].body, "it is in the response"

    run(main)


@pytest.mark.parametrize(
    ("delay", "spoken"), [("0.01s", "10 ms"), ("0s", "0 ms"), ("99ms", "99 ms"), ("0.1s", "0.1 s"), ("7s", "7.0 s")]
)
def test_a_short_pause_is_told_in_milliseconds(run: Run, delay: str, spoken: str) -> None:
    async def main() -> None:
        played = await Played({"a": [answer(told(delay)), ok(b"good")]}).play()
        assert played.notes == [f"out of capacity (429 RESOURCE_EXHAUSTED): asked again after {spoken}", ""]

    run(main)


def test_where_nothing_helped_the_last_attempt_says_so(run: Run) -> None:
    async def main() -> None:
        gone = answer(b'{"error": {"code": 404, "status": "NOT_FOUND"}}', status=404)
        played = await Played({"a": [SHORT], "b": [gone]}, fallback_models=["b"], sticky_retry_attempts=0).play()
        assert (played.end.status, played.end.body) == (429, SHORT.partition(b"\r\n\r\n")[2])
        assert played.notes[-1] == "refused (404), and nothing more is tried: no other model is left"
        assert played.delivery.attempts[-1].body.startswith(b'{"error"'), "it is nowhere else"

    run(main)


def test_a_provider_that_repeats_the_credential_is_not_repeated(run: Run) -> None:
    async def main() -> None:
        echo = answer(b"<p>Bearer old-token", b"X-Got: old-token")
        replies: dict[str, list[Reply]] = {"a": [echo], "b": [echo], "c": [REFUSED, SHORT], "d": [SHORT]}
        played = await Played(replies, fallback_models=["b", "c", "d"], sticky_retry_attempts=1).play()
        assert played.end == End(429, b"<p>Bearer old-token"), "a client gets what the provider sent"
        assert len(played.delivery.attempts) == 6
        for attempt in played.delivery.attempts[:3]:
            assert attempt.body == b"<p>Bearer [redacted]"
            assert (b"X-Got", b"[redacted]") in attempt.headers

    run(main)


# -- credentials, connections, and other statuses


def test_a_credential_is_renewed_in_the_middle_of_a_walk(run: Run) -> None:
    async def main() -> None:
        replies: dict[str, list[Reply]] = {"a": [SHORT], "b": [REFUSED, SHORT], "c": [SHORT]}
        played = await Played(replies, fallback_models=["b", "c"], sticky_retry_attempts=1).play()
        assert played.stage.script.asked == ["a", "a", "b", "b", "c"]
        assert played.stage.script.tokens == [b"Bearer old-token"] * 3 + [b"Bearer new-token"] * 2
        assert played.end.status == 429
        assert played.delivery.request.body == call("a").body
        assert field_of(played.delivery.request.headers, "authorization") == NEW[0][1]

    run(main)


def test_each_attempt_may_have_another_connection(run: Run) -> None:
    """The one that it found idle may be dead by then: minutes may have passed."""

    async def main() -> None:
        played = await Played({"a": [b"", SHORT, b"", SHORT, ok(b"good")]}, sticky_retry_attempts=2).play()
        assert (played.end, played.stage.script.asked) == (End(200, b"good"), ["a"] * 5)
        assert [note for note in played.notes if "connection" in note] == ["sent again on another connection"] * 2

    run(main)


def test_of_two_policies_for_a_status_that_of_capacity_counts(run: Run) -> None:
    async def main() -> None:
        own = {"retry": {"statuses": [429, 502], "attempts": 5}}
        busy = answer(b"busy", b"Retry-After: 4", status=502)
        replies: dict[str, list[Reply]] = {"a": [SHORT, busy, busy, SHORT]}
        played = await Played(replies, own=own, sticky_retry_attempts=1).play()
        assert (played.end.status, played.stage.script.asked) == (429, ["a"] * 4)
        assert played.virtual.slept == [0.75, 4, 4]

    run(main)


@pytest.mark.parametrize("why", ["no walk", "not enabled", "another provider"])
def test_nothing_of_it_elsewhere(run: Run, why: str) -> None:
    async def main() -> None:
        stage, virtual = Stage(Script({"a": [SHORT]})), Virtual()
        async with Peer(stage.serve) as peer:
            way = stage.transport(peer, virtual.clock, enabled=why != "not enabled", fallback_models=["b"])
            provider = None if why == "another provider" else "g"
            walk = None if why == "no walk" else Walk("a", with_model)
            delivery = Delivery(peer.origin, call("a"), provider, Injected(OLD, renew), walk=walk)
            assert (await end_of(way, delivery)).status == 429
            assert (stage.script.asked, virtual.slept) == (["a"], [])
            await way.close()

    run(main)


# -- bodies


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzip.compress), (b"br", brotli.compress), (b"zstd", zstandard.ZstdCompressor().compress)],
)
def test_coded_errors_are_read_and_go_on_as_they_came(run: Run, coding: bytes, encode: Any) -> None:
    async def main() -> None:
        body: bytes = encode(told("7s"))
        event: bytes = encode(b"data: " + told("8s") + b"\n\n")
        fields = b"Content-Encoding: " + coding
        streamed = ok(event, fields, b"Content-Type: text/event-stream")
        played = await Played({"a": [streamed, answer(body, fields)]}, sticky_retry_attempts=2).play()
        assert played.virtual.slept == [8, 7]
        assert played.end == End(429, body)

    run(main)


@pytest.mark.parametrize("coding", [b"gzip", b"made-up"])
def test_a_body_that_is_not_readable_is_no_json(run: Run, coding: bytes) -> None:
    async def main() -> None:
        reply = answer(b"\xff\x00", b"Content-Encoding: " + coding)
        played = await Played({"a": [reply, ok(b"good")]}).play()
        assert (played.end, played.virtual.slept) == (End(200, b"good"), [0.75])

    run(main)


def test_a_long_error_is_none_of_capacity(run: Run) -> None:
    async def main() -> None:
        body = b"x" * (LOOKED_AT + 100_000)
        event = b"data: " + told("3s") + b"\n\n" + body
        for reply in (answer(body), ok(event, b"Content-Type: text/event-stream")):
            played = await Played({"a": [reply]}, fallback_models=["b"]).play()
            assert played.end.body == reply.partition(b"\r\n\r\n")[2]
            assert played.stage.script.asked == ["a"]

    run(main)


def test_of_an_error_its_beginning_is_kept(run: Run) -> None:
    async def main() -> None:
        played = await Played({"a": [answer(b"<p>" * 10_000), ok(b"good")]}).play()
        assert played.end == End(200, b"good")
        assert len(played.delivery.attempts[0].body) == 16 * 1024

    run(main)


def test_an_error_that_breaks_off_is_no_json_and_goes_on_broken(run: Run) -> None:
    broken = b"HTTP/1.1 503 No\r\nContent-Length: 99\r\n\r\n" + told("3s")[:20]

    async def main() -> None:
        played = await Played({"a": [broken]}, sticky_retry_attempts=2).play()
        assert played.virtual.slept == [0.75, 1.5]
        assert played.end == End(503, told("3s")[:20], "reset")

    run(main)


@pytest.mark.parametrize("ends", [False, True], ids=["silent", "cut off"])
@pytest.mark.parametrize(
    ("head", "body", "is_readable"),
    [
        (b"HTTP/1.1 429 No\r\n", told("3s"), True),
        (b"HTTP/1.1 429 No\r\nContent-Encoding: gzip\r\n", gzip.compress(told("3s")), True),
        (b"HTTP/1.1 429 No\r\nRetry-After: 3\r\n", told("3s")[:-1], False),
        (b"HTTP/1.1 429 No\r\nRetry-After: 3\r\n", b"<p>", False),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", told("3s"), True),
        (EVENTS, b"data: " + told("3s") + b"\n\n", True),
    ],
    ids=["error", "coded", "part of one", "HTML", "in a body", "in a stream"],
)
def test_an_error_without_an_end_does_not_hold_it_up(
    run: Run, head: bytes, body: bytes, is_readable: bool, ends: bool
) -> None:
    """What can be read is whole, whatever its head says. The rest has no end, and says so."""

    async def main() -> None:
        async def serve(link: Link) -> None:
            await link.request()
            await link.send(head + b"Content-Length: 9999\r\n\r\n" + body)
            if not ends:
                await link.closed()

        async with Peer(serve) as peer:
            virtual, pool, delivery = Virtual(), NativePool(Limits()), delivery_of(peer)
            assert delivery.walk is not None
            policy = CapacityPolicy(attempts=1, patience=0.05)
            sending = Sending(pool, dataclasses.replace(peer.upstream, capacity=policy), delivery, virtual.clock)
            incoming = await Walking(sending, policy, delivery, delivery.walk, virtual.clock).run()
            assert virtual.slept == [3]
            assert incoming.ready
            error = "" if is_readable else "reset" if ends else "idle_timeout"
            assert (field_of(incoming.headers, "content-length") is None) == is_readable
            assert await read(incoming) == End(incoming.status, body, error)
            await until(lambda: peer.ended == 2)
            await pool.close()

    run(main)


@pytest.mark.parametrize("piece", [5, 1000])
def test_an_error_in_a_body_is_one_however_it_is_cut(run: Run, piece: int) -> None:
    spread = b"\r\n [\n  " + json.dumps(json.loads(told("3s")), indent=2).encode() + b"\n]"

    async def main() -> None:
        async def serve(link: Link) -> None:
            while True:
                await link.request()
                await link.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                await link.send(b"Content-Length: %d\r\n\r\n" % len(spread))
                cut = [spread[at : at + piece] for at in range(0, min(len(spread), 50), piece)]
                await link.send(*cut, spread[len(b"".join(cut)) :], pause=0.005)

        async with Peer(serve) as peer:
            stage, virtual = Stage(), Virtual()
            way = stage.transport(peer, virtual.clock, sticky_retry_attempts=2)
            assert await end_of(way, delivery_of(peer)) == End(200, spread)
            assert virtual.slept == [3, 3]
            await way.close()
            await stage.pool.close()

    run(main)


@pytest.mark.parametrize("media", [b"application/json", b"Application/X+JSON; charset=UTF-8"])
def test_of_an_answer_its_first_bytes_are_enough(run: Run, media: bytes) -> None:
    """It goes on as soon as they show that it is none of those errors, or after a moment."""

    async def main() -> None:
        rest = asyncio.Event()
        for begun in (b'{"candidates":', b'[{"candidates":', b'{"errors":', b" " * 5000, b"[" + b" " * 64):
            rest.clear()

            async def serve(link: Link, begun: bytes = begun) -> None:
                await link.request()
                head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
                await link.send(head % (media, len(begun) + 4) + begun)
                await rest.wait()
                await link.send(b"rest")

            async with Peer(serve) as peer:
                stage = Stage()
                way = stage.transport(peer)
                incoming = await asyncio.wait_for(way.send(delivery_of(peer)), CapacityPolicy().patience / 2)
                rest.set()
                assert await read(incoming) == End(200, begun + b"rest")
                await way.close()
                await stage.pool.close()

    run(main)


def test_what_begins_as_an_error_and_is_none(run: Run) -> None:
    long = told("3s")[:-1] + b', "x": "' + b"x" * LOOKED_AT + b'"}'

    async def main() -> None:
        for body in (long, b'{"error": "busy"}', b'{"error": {"code": 200}}', b'{"error": {"code": 429}', b""):
            answer = ok(body, b"Content-Type: application/json")
            played = await Played({"a": [answer]}, fallback_models=["b"]).play()
            assert played.end == End(200, body)
            assert played.stage.script.asked == ["a"]

    run(main)


# -- streams


def test_a_stream_is_waited_for_up_to_its_first_event(run: Run) -> None:
    half, rest = GOOD_EVENT + GOOD_EVENT[:30], GOOD_EVENT[30:]

    async def main() -> None:
        begun = asyncio.Event()

        async def serve(link: Link) -> None:
            await link.request()
            await link.send(EVENTS + b"Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n")
            await link.send(b"%x\r\n%b\r\n" % (len(half), half))
            await begun.wait()
            await link.send(b"%x\r\n%b\r\n0\r\nX-After: 1\r\n\r\n" % (len(rest), rest))

        async with Peer(serve) as peer:
            stage = Stage()
            way = stage.transport(peer)
            incoming = await way.send(delivery_of(peer))
            assert incoming.ready
            assert await anext(incoming) == half
            assert not incoming.ready
            begun.set()
            assert await anext(incoming) == rest
            assert await incoming.read() == b""
            assert incoming.trailers == [(b"X-After", b"1")]
            await way.close()

    run(main)


def test_what_is_no_stream_is_not_waited_for(run: Run) -> None:
    async def main() -> None:
        begun, body = asyncio.Event(), b"data: " + told("3s") + b"\n\n"

        async def serve(link: Link) -> None:
            await link.request()
            await link.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body))
            await begun.wait()
            await link.send(body)

        async with Peer(serve) as peer:
            way = Stage().transport(peer)
            incoming = await way.send(delivery_of(peer))
            begun.set()
            assert await read(incoming) == End(200, body)
            assert len(peer.links) == 1
            await way.close()

    run(main)


def test_of_a_stream_nothing_but_its_first_event_counts(run: Run) -> None:
    error = b"data: " + told("3s") + b"\r\n\r\n"

    async def main() -> None:
        for body in (b": ping\n\n" + GOOD_EVENT + error, b"data: [DONE]\n\n" + error, b'data: "error"\n\n' + error):
            played = await Played({"a": [ok(body, b"Content-Type: text/event-stream")]}).play()
            assert (played.end, played.stage.script.asked) == (End(200, body), ["a"])
        late = ok(b": ping\n\nevent: error\n" + error, b"content-type: Text/Event-Stream;charset=utf-8")
        played = await Played({"a": [late, ok(b"good")]}).play()
        assert (played.end, played.virtual.slept) == (End(200, b"good"), [3])
        assert played.notes[0] == "out of capacity (429 RESOURCE_EXHAUSTED): asked again after 3.0 s"
        assert played.delivery.attempts[0].status == 200

    run(main)


@pytest.mark.parametrize("http2", [False, True])
def test_by_each_carrier(run: Run, http2: bool) -> None:
    async def main() -> None:
        event = ok(b"data: " + told("3s") + b"\n\n", b"Content-Type: text/event-stream")
        good = ok(GOOD_EVENT, b"Content-Type: text/event-stream")
        stage, virtual = Stage(Script({"a": [event, SHORT], "b": [good]})), Virtual()
        async with Peer(stage.serve) as peer:
            way = stage.transport(
                peer, virtual.clock, fallback_models=["b"], sticky_retry_attempts=1, own={"http2": http2}
            )
            delivery = delivery_of(peer)
            assert await end_of(way, delivery) == End(200, GOOD_EVENT)
            assert (stage.script.asked, virtual.slept) == (["a", "a", "b"], [3])
            await way.close()

    run(main)


# -- time


@pytest.mark.parametrize(("sticky", "asked"), [(3, "aaaa"), (1, "aabc")])
def test_the_time_that_a_provider_takes_is_of_the_budget_too(run: Run, sticky: int, asked: str) -> None:
    """50 s for each answer, and 1 s before each repetition, of which the third begins 103 s after the first answer. The
    next one would begin after the 120 s that there are."""

    async def main() -> None:
        def slow(*_: object) -> bytes:
            played.virtual.now += 50
            return answer(told("1s"))

        replies: dict[str, list[Reply]] = {model: [slow] for model in "abcd"}
        played = Played(replies, fallback_models=["b", "c", "d"], sticky_retry_attempts=sticky)
        await played.play()
        assert "".join(played.stage.script.asked) == asked
        assert played.virtual.slept == [1] * sticky
        assert played.notes[-1].endswith("and nothing more is tried: the 120 s are over that there are for it")

    run(main)


def test_a_client_that_leaves_during_a_pause_leaves_nothing_behind(run: Run) -> None:
    async def main() -> None:
        stage = Stage(Script({"a": [answer(told("30s"))]}))
        async with Peer(stage.serve) as peer:
            way = stage.transport(peer)
            delivery = delivery_of(peer)
            task = asyncio.ensure_future(way.send(delivery))
            await until(lambda: delivery.attempts and delivery.attempts[0].note)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert delivery.attempts[0].note.endswith(": to be asked again in 30.0 s"), "it was not asked again"
            assert peer.ended == 0, "its connection is whole, and serves the next"
            stage.script = Script({"a": [ok(b"good")]})
            assert await end_of(way, delivery_of(peer)) == End(200, b"good")
            assert len(peer.links) == 1
            await way.close()

    run(main)


@pytest.mark.parametrize("head", [b"HTTP/1.1 429 No\r\n", EVENTS])
def test_a_client_that_leaves_while_an_answer_is_looked_at(run: Run, head: bytes) -> None:
    async def main() -> None:
        async def serve(link: Link) -> None:
            await link.request()
            await link.send(head + b"Content-Length: 9999\r\n\r\n")
            await link.closed()

        async with Peer(serve) as peer:
            stage = Stage()
            way = stage.transport(peer)
            delivery = delivery_of(peer)
            task = asyncio.ensure_future(way.send(delivery))
            await until(lambda: delivery.attempts and delivery.attempts[0].status)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: peer.ended == 1)
            await way.close()

    run(main)


def test_the_first_attempt_has_no_answer(run: Run) -> None:
    async def main() -> None:
        stage = Stage(Script({"a": [EVENTS + b"Content-Length: 9\r\n\r\n"]}))
        async with Peer(stage.serve) as peer:
            way = stage.transport(peer, fallback_models=["b"])
            delivery = delivery_of(peer)
            with pytest.raises(TransportError):
                await way.send(delivery)
            (attempt,) = delivery.attempts
            assert attempt.status == 200
            assert attempt.failure is not None
            assert attempt.failure.kind == "reset"
            await way.close()

    run(main)
