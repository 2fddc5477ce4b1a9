"""When a request is sent again, and what is then known of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest

from ccproxy.config import Config
from ccproxy.exchange import Headers, HttpRequest, Origin
from ccproxy.simulator import respond
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery, Injected, NotRenewed, with_credential
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.pauses import pause, retry_after
from ccproxy.transport.transport import Transport
from ccproxy.transport.ways import Ways
from tests.support.http import field_of
from tests.support.ports import free_port
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, Seen, ok, until

OLD: Headers = [(b"authorization", b"Bearer old"), (b"X-Account", b"1")]
NEW: Headers = [(b"authorization", b"Bearer new"), (b"X-Account", b"2")]
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nX-Why: old\r\n\r\nstop"


def transport(peer: Peer | None = None, **retry: Any) -> Transport:
    """The real one; the provider `p` has the given retry policy."""
    config = Config.model_validate(
        {
            "providers": {
                "p": {"type": "openai", "base_url": f"{peer.origin if peer else 'http://h'}/v1", "retry": retry}
            }
        }
    )
    return Transport(Ways(config, {}), NativePool(Limits()), CurlCarrier(), EmbeddedCarrier(respond))


def post(*fields: tuple[bytes, bytes]) -> HttpRequest:
    return HttpRequest("POST", b"/v1/x", [(b"Host", b"x"), *fields, (b"Content-Length", b"2")], b"{}")


@dataclass
class Renewal:
    """Counts how often it is asked."""

    answers: list[Headers | str]
    asked: list[Headers] = field(default_factory=list)

    async def __call__(self, refused: Headers) -> Headers:
        self.asked.append(refused)
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise NotRenewed(answer)
        return answer


def scripted(answers: Iterable[bytes], seen: list[Seen]) -> Callable[[Link], Awaitable[None]]:
    """Gives one answer after another, whatever the connection; an empty one closes it."""
    waiting = iter(answers)

    async def serve(link: Link) -> None:
        while True:
            seen.append(await link.request())
            answer = next(waiting)
            if not answer:
                return
            await link.send(answer)

    return serve


# -- 401 on a credential of ours


def test_a_refused_credential_is_renewed_and_the_request_sent_again(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([REFUSED, ok(b"good")], seen)) as peer:
            way, renewal = transport(peer), Renewal([NEW])
            delivery = Delivery(peer.origin, post(*OLD, (b"X-Last", b"z")), "p", Injected(OLD, renewal))
            incoming = await way.send(delivery)
            assert (incoming.status, await incoming.read()) == (200, b"good")
            assert [seen[0].body, seen[1].body] == [b"{}", b"{}"]
            assert [name for name, _ in seen[0].headers] == [name for name, _ in seen[1].headers]
            assert field_of(seen[1].headers, "authorization") == b"Bearer new"
            assert field_of(seen[1].headers, "x-account") == b"2"
            assert renewal.asked == [OLD]
            assert delivery.credential is not None
            assert delivery.credential.fields == NEW
            first, second = delivery.attempts
            assert (first.status, first.body, first.note) == (401, b"stop", "sent again with a renewed credential")
            assert (b"X-Why", b"old") in first.headers
            assert (second.status, second.note, second.reused) == (200, "", True), "its connection is kept"
            assert len(peer.links) == 1
            await way.close()

    run(main)


def test_once_only(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([REFUSED] * 3, seen)) as peer:
            way, renewal = transport(peer), Renewal([NEW, OLD])
            delivery = Delivery(peer.origin, post(*OLD), "p", Injected(OLD, renewal))
            incoming = await way.send(delivery)
            assert (incoming.status, await incoming.read()) == (401, b"stop")
            assert (len(seen), len(renewal.asked)) == (2, 1)
            assert delivery.attempts[1].note == "the renewed credential was refused too"
            await way.close()

    run(main)


@pytest.mark.parametrize(("status", "taken"), [(200, True), (204, True), (429, False), (503, False)])
def test_a_renewed_credential_is_taken_where_the_request_is(run: Run, status: int, taken: bool) -> None:
    """A gateway that is overloaded has not looked at it."""

    async def main() -> None:
        answer = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
        async with Peer(scripted([REFUSED, answer], [])) as peer:
            way, told = transport(peer), list[Headers]()
            delivery = Delivery(peer.origin, post(*OLD), "p", Injected(OLD, Renewal([NEW]), told.append))
            assert (await way.send(delivery)).status == status
            assert told == ([NEW] if taken else [])
            await way.close()

    run(main)


def test_where_there_is_no_other_the_providers_answer_stands(run: Run) -> None:
    async def main() -> None:
        async with Peer(scripted([REFUSED], [])) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(*OLD), "p", Injected(OLD, Renewal(["log in again"])))
            incoming = await way.send(delivery)
            assert (incoming.status, await incoming.read()) == (401, b"stop")
            assert delivery.attempts[0].note == "the credential was not renewed: log in again"
            await way.close()

    run(main)


def test_a_credential_of_the_clients_own_is_its_own_business(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([REFUSED], seen)) as peer:
            way = transport(peer)
            incoming = await way.send(Delivery(peer.origin, post(*OLD), "p"))
            assert (incoming.status, len(seen)) == (401, 1)
            incoming.close()
            await way.close()

    run(main)


def test_a_refusal_without_an_end_does_not_hold_the_replay_up(run: Run) -> None:
    endless = REFUSED.replace(b"Length: 4", b"Length: 9")  # nothing comes behind "stop"

    async def main() -> None:
        async with Peer(scripted([endless, ok(b"good")], [])) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(*OLD), "p", Injected(OLD, Renewal([NEW])))
            incoming = await way.send(delivery)
            assert (incoming.status, await incoming.read()) == (200, b"good")
            assert delivery.attempts[0].body == b"stop"
            assert not delivery.attempts[1].reused, "the first connection is of no use any more"
            await way.close()

    run(main)


def test_a_provider_that_repeats_the_credential_is_not_repeated(run: Run) -> None:
    echo = b"HTTP/1.1 %d No\r\nContent-Length: 15\r\nX-Got: Bearer old-token\r\nRetry-After: 0\r\n\r\nold-token stops"
    mine: Headers = [(b"authorization", b"Bearer old-token"), (b"X-Account", b"1")]

    async def main() -> None:
        async with Peer(scripted([echo % 429, echo % 401, ok(b"good")], [])) as peer:
            way = transport(peer, statuses=[429])
            delivery = Delivery(peer.origin, post(*mine), "p", Injected(mine, Renewal([NEW])))
            assert await (await way.send(delivery)).read() == b"good"
            for attempt in delivery.attempts[:2]:
                assert attempt.body == b"[redacted] stops"
                assert (b"X-Got", b"Bearer [redacted]") in attempt.headers
                assert (b"Content-Length", b"15") in attempt.headers
            await way.close()

    run(main)


def test_a_long_refusal_does_not_hold_the_replay_up(run: Run) -> None:
    async def main() -> None:
        async def serve(link: Link) -> None:
            await link.request()
            if link.number == 0:
                await link.send(b"HTTP/1.1 401 No\r\nContent-Length: 9000000\r\n\r\n", b"x" * 40_000)
                await link.closed()
            await link.send(ok(b"good"))

        async with Peer(serve) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(*OLD), "p", Injected(OLD, Renewal([NEW])))
            assert await (await way.send(delivery)).read() == b"good"
            assert 0 < len(delivery.attempts[0].body) <= 16 * 1024
            await way.close()

    run(main)


def test_fields_come_go_and_keep_their_places() -> None:
    headers: Headers = [
        (b"Host", b"h"),
        (b"Authorization", b"Bearer old"),
        (b"A", b"1"),
        (b"X-Gone", b"x"),
        (b"A", b"2"),
    ]
    former: Headers = [(b"authorization", b"Bearer old"), (b"x-gone", b"x")]
    present: Headers = [(b"authorization", b"Bearer new"), (b"x-come", b"y")]
    assert with_credential(headers, former, present) == [
        (b"Host", b"h"),
        (b"Authorization", b"Bearer new"),
        (b"A", b"1"),
        (b"A", b"2"),
        (b"x-come", b"y"),
    ]


# -- connections that fail


def test_a_connection_that_closes_before_the_answer_is_tried_once_more(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([b"", ok(b"good")], seen)) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(), "p")
            assert await (await way.send(delivery)).read() == b"good"
            first, second = delivery.attempts
            assert first.failure is not None
            assert (first.failure.kind, first.note) == ("reset", "sent again on another connection")
            assert (second.status, len(peer.links)) == (200, 2)
            await way.close()

    run(main)


def test_not_more_than_once(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([b"", b"", ok()], seen)) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(), "p")
            with pytest.raises(TransportError, match="closed the connection without an answer"):
                await way.send(delivery)
            assert (len(seen), len(delivery.attempts)) == (2, 2)
            await way.close()

    run(main)


def test_not_after_a_byte_of_the_answer(run: Run) -> None:
    async def main() -> None:
        async def serve(link: Link) -> None:
            await link.request()
            await link.send(b"HTTP/1.1 2")

        async with Peer(serve) as peer:
            way = transport(peer)
            delivery = Delivery(peer.origin, post(), "p")
            with pytest.raises(TransportError):
                await way.send(delivery)
            assert len(delivery.attempts) == 1
            await way.close()

    run(main)


def test_nobody_listens(run: Run) -> None:
    async def main() -> None:
        way = transport()
        delivery = Delivery(Origin("http", "127.0.0.1", free_port()), post())
        with pytest.raises(TransportError, match="no connection to") as raised:
            await way.send(delivery)
        assert (raised.value.kind, len(delivery.attempts)) == ("connect", 2)
        await way.close()

    run(main)


# -- the provider's policy


def busy(status: int = 529, after: bytes = b"0.01") -> bytes:
    return b"HTTP/1.1 %d Busy\r\nRetry-After: %b\r\nContent-Length: 4\r\n\r\nbusy" % (status, after)


def test_without_a_policy_an_error_is_an_answer(run: Run) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([busy()], seen)) as peer:
            way = transport(peer)
            incoming = await way.send(Delivery(peer.origin, post(), "p"))
            assert (incoming.status, await incoming.read(), len(seen)) == (529, b"busy", 1)
            await way.close()

    run(main)


@pytest.mark.parametrize(("attempts", "status"), [(2, 529), (3, 200)])
def test_a_policy_says_for_what_and_how_often(run: Run, attempts: int, status: int) -> None:
    async def main() -> None:
        seen: list[Seen] = []
        async with Peer(scripted([busy(), busy(), ok(b"good")], seen)) as peer:
            way = transport(peer, statuses=[529, 503], attempts=attempts)
            delivery = Delivery(peer.origin, post(), "p")
            incoming = await way.send(delivery)
            assert (incoming.status, len(seen)) == (status, attempts)
            assert "as the provider's retry policy says" in delivery.attempts[0].note
            incoming.close()
            await way.close()

    run(main)


def test_a_pause_that_is_too_long_is_the_clients_to_wait(run: Run) -> None:
    async def main() -> None:
        async with Peer(scripted([busy(after=b"31")], [])) as peer:
            way = transport(peer, statuses=[529])
            delivery = Delivery(peer.origin, post(), "p")
            incoming = await way.send(delivery)
            assert (incoming.status, await incoming.read()) == (529, b"busy")
            assert delivery.attempts[0].note == "not sent again: the provider asks for a pause of 31 s"
            await way.close()

    run(main)


def test_a_client_that_leaves_during_the_pause_leaves_nothing_behind(run: Run) -> None:
    async def main() -> None:
        gone = asyncio.Event()

        async def serve(link: Link) -> None:
            await link.request()
            await link.send(b"HTTP/1.1 529 Busy\r\nRetry-After: 20\r\nContent-Length: 99\r\n\r\nbusy")
            await link.closed()
            gone.set()

        async with Peer(serve) as peer:
            way = transport(peer, statuses=[529])
            delivery = Delivery(peer.origin, post(), "p")
            task = asyncio.ensure_future(way.send(delivery))
            await until(lambda: delivery.attempts and delivery.attempts[0].note)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(gone.wait(), 5)
            assert delivery.attempts[0].note.startswith("to be sent again in 20.0 s"), "it was not sent again"
            await way.close()

    run(main)


def test_how_long_to_wait() -> None:
    assert retry_after("7") == 7
    assert retry_after("0.5") == 0.5
    assert 20 < (retry_after(formatdate(time.time() + 30, usegmt=True)) or 0) <= 30
    assert retry_after(formatdate(time.time() - 30, usegmt=True)) == 0
    for nonsense in ("", "soon", "-1", "1e3", "٣", "1.2.3"):
        assert retry_after(nonsense) is None
    assert [pause([], number, lambda: 1.0) for number in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert pause([], 1, lambda: 0.0) == 0.25
    assert pause([(b"Retry-After", b" 3 ")], 1) == 3
