"""A provider that is out of capacity as a test has it, and the real transport in front of it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.config import Config
from ccproxy.exchange import Headers, HttpRequest
from ccproxy.simulator import respond
from ccproxy.transport.carrier import Incoming, TransportError
from ccproxy.transport.clock import Clock
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery, Injected, Walk
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.transport import Transport
from ccproxy.transport.ways import Ways
from tests.support.http import field_of
from tests.transport.peer import Link, Peer

OLD: Headers = [(b"authorization", b"Bearer old-token")]
NEW: Headers = [(b"authorization", b"Bearer new-token")]
BROKEN = b"HTTP/1.1 200 OK\r\nContent-"
"""The beginning of a head, behind which the connection ends: no answer, and none on another connection."""

type Reply = bytes | Callable[[str, int], bytes]
"""The bytes of an answer, or what makes them of the model and the number of times that it has been asked."""


@dataclass
class Virtual:
    """A clock that moves only while somebody sleeps, or where a test says so."""

    now: float = 1000.0
    luck: float = 0.5
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep, lambda: self.luck)


@dataclass
class Script:
    """What a provider answers with, by model; the last reply is repeated. Each model's other requests go unanswered."""

    replies: dict[str, list[Reply]]
    asked: list[str] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)

    def next(self, model: str, token: bytes) -> bytes:
        count = self.asked.count(model)
        self.asked.append(model)
        self.tokens.append(token)
        replies = self.replies[model]
        reply = replies[min(count, len(replies) - 1)]
        return reply if isinstance(reply, bytes) else reply(model, count + 1)


@dataclass
class Stage:
    """Plays one script after another."""

    script: Script = field(default_factory=lambda: Script({}))
    pool: NativePool = field(default_factory=lambda: NativePool(Limits()))

    async def serve(self, link: Link) -> None:
        while True:
            seen = await link.request()
            answer = self.script.next(json.loads(seen.body)["model"], field_of(seen.headers, "authorization") or b"")
            await link.send(answer)
            if not is_whole(answer):
                return

    def transport(
        self, peer: Peer, clock: Clock | None = None, own: Mapping[str, Any] | None = None, **capacity: Any
    ) -> Transport:
        """The real one; the provider `g` is Code Assist, with settings of its `own` and this `gemini_capacity`."""
        provider = {"type": "gemini", "base_url": str(peer.origin), "path": "/v1internal:{action}", **(own or {})}
        config = Config.model_validate({"providers": {"g": provider}, "gemini_capacity": capacity})
        return Transport(Ways(config, {}), self.pool, CurlCarrier(), EmbeddedCarrier(respond), clock)


def is_whole(answer: bytes) -> bool:
    """False for an answer behind which the connection ends."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.lower().endswith(b"content-length: %d" % len(body))


def call(model: str) -> HttpRequest:
    """A call as the gateway hands it over."""
    return with_model(HttpRequest("POST", b"/v1internal:streamGenerateContent?alt=sse", [*OLD, (b"Host", b"x")]), model)


def with_model(request: HttpRequest, model: str) -> HttpRequest:
    """The same for another model."""
    body = json.dumps({"model": model, "request": {}}).encode()
    headers = [each for each in request.headers if each[0] != b"Content-Length"]
    return dataclasses.replace(request, headers=[*headers, (b"Content-Length", b"%d" % len(body))], body=body)


async def renew(_: Headers) -> Headers:
    """Gives the other credential."""
    return NEW


def delivery_of(peer: Peer, model: str = "a", *, pinned: bool = False) -> Delivery:
    """A call for a model, with a credential of ours."""
    walk = Walk(model, None if pinned else with_model)
    return Delivery(peer.origin, call(model), "g", Injected(OLD, renew), walk=walk)


@dataclass(frozen=True)
class End:
    """What a client gets."""

    status: int
    body: bytes
    error: str = ""
    """The kind of the TransportError that ended it."""


async def end_of(way: Transport, delivery: Delivery) -> End:
    """Sends it and reads the answer as the gateway does, piece by piece."""
    try:
        incoming = await way.send(delivery)
    except TransportError as error:
        return End(0, b"", error.kind)
    return await read(incoming)


async def read(incoming: Incoming) -> End:
    """An answer, up to its end."""
    body, error = b"", ""
    try:
        async for chunk in incoming:
            assert chunk, "no chunk is empty"
            body += chunk
    except TransportError as broken:
        error = broken.kind
    incoming.close()
    return End(incoming.status, body, error)
