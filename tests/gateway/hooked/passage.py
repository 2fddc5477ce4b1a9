"""The way of one answer through hooks to a client, as the gateway arranges it, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ccproxy import simulator
from ccproxy.exchange import Exchange, Headers, HookResult, HttpRequest, Origin, Route, WireFormat, get_header
from ccproxy.flows.store import MemoryStore
from ccproxy.gateway.hooked.answering import HookedAnswer
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.plan import Plan
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.relay import Relay
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.translation.answer import Answering
from ccproxy.gateway.translation.request import begin
from ccproxy.gateway.translation.response_store import ResponseStore
from ccproxy.pipeline.hook import Hook, Step
from ccproxy.pipeline.response import ResponseRun
from ccproxy.pipeline.subject import Subject
from ccproxy.transport.carrier import Incoming
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.upstream import Upstream
from tests.pipeline.answers import step
from tests.support.crossing import CLIENTS, Reading, document, read
from tests.support.http import Response

SSE: Headers = [(b"Content-Type", b"text/event-stream"), (b"X-Kept", b"yes")]
JSON: Headers = [(b"Content-Type", b"application/json"), (b"X-Kept", b"yes")]
ORIGIN = Origin("simulator", "simulator", 0)


class Pieces:
    """A provider's answer (`transport.Incoming`) in pieces; one that is an exception is raised."""

    def __init__(self, headers: Headers, pieces: Iterable[bytes | Exception], status: int = 200) -> None:
        self.status, self.headers, self.reason, self.http_version = status, headers, b"Fine", "1.1"
        self.reused, self.ready, self.closed = False, True, False
        self.trailers: list[tuple[bytes, bytes]] = []
        self.on_pressure: Callable[[bool], None] | None = None
        self.left = list(pieces)
        self.taken = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        piece = self.left.pop(0)
        if isinstance(piece, Exception):
            raise piece
        self.taken += 1
        return piece

    async def read(self, limit: int = 2**40) -> bytes | None:
        body = b"".join([chunk async for chunk in self])
        if len(body) > limit:
            self.left = [body]
            return None
        return body

    def write(self, data: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


@dataclass
class Passed:
    """What came of it."""

    exchange: Exchange
    reply: Reply
    chunks: list[bytes] = field(default_factory=list)
    error: Exception | None = None
    """What the body raised."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def results(self) -> list[HookResult]:
        return self.exchange.hooks

    def field(self, name: bytes) -> bytes | None:
        return get_header(self.reply.headers, name)

    def response(self) -> Response:
        """As a client has it."""
        return Response(self.reply.status, self.reply.reason or b"", self.reply.headers, [(0.0, self.body)])

    def read(self, client: str) -> Reading:
        """What a client reads; asserts that it is an answer of its format."""
        return read(client, self.response())

    def outcomes(self) -> list[str]:
        return [result.outcome for result in self.results]


def question(client: str, stream: bool, members: dict[str, Any] | None = None) -> HttpRequest:
    """A client's request."""
    dialect = CLIENTS[client]
    return HttpRequest("POST", dialect.target(stream=stream).encode(), [], document(dialect, members, stream=stream))


def plan_for(provider: WireFormat) -> Plan:
    """The plan for a request that is translated."""
    origin = Origin("http", "127.0.0.1", 1)
    return Plan(Route("transform", "p", provider, origin, "said so"), origin, b"/", None, "m-1", translate=provider)


class Passage:
    """Takes one answer through hooks."""

    def __init__(self, hooks: Sequence[Hook | Step], request: HttpRequest, provider: str | None = None) -> None:
        """`provider` is the provider's format, where it is not the client's."""
        self.exchange = Exchange(request)
        self.inquiry = Inquiry(self.exchange)
        assert self.inquiry.endpoint is not None
        self.exchange.format = self.inquiry.endpoint.format
        self.provider = WireFormat(provider) if provider and provider != self.exchange.format else None
        self.recorder, self.store = Recorder(MemoryStore()), ResponseStore()
        steps = [step(each) if isinstance(each, Hook) else each for each in hooks]
        about = Subject(self.exchange, self.inquiry.draft, [], self.inquiry.model, provider="p")
        self.run = ResponseRun(steps, about, 30.0)

    async def reply(self, incoming: Incoming) -> Reply:
        """The head of the reply."""
        exchange, recorder = self.exchange, self.recorder
        recorder.begin(exchange)
        if self.provider is not None:
            translation = await begin(self.inquiry, plan_for(self.provider), self.store)
            return await Answering(translation, exchange, recorder, self.store, self.run).receive(incoming)
        reply = await HookedAnswer(self.run, self.inquiry, recorder).receive(incoming)
        if reply is None:
            relay = Relay(exchange, self.inquiry.dialect, incoming, recorder)
            reply = Reply(incoming.status, incoming.headers, relay, incoming.reason)
        return reply

    async def take(self, incoming: Incoming, most: int | None = None) -> Passed:
        """The whole of the reply, or as many chunks of it as the client stays for."""
        reply = await self.reply(incoming)
        passed = Passed(self.exchange, reply)
        if isinstance(reply.body, bytes):
            passed.chunks.append(reply.body)
            return passed
        try:
            async for chunk in reply.body:
                passed.chunks.append(chunk)
                if most is not None and len(passed.chunks) >= most:
                    break
        except Exception as error:
            passed.error = error
        finally:
            reply.body.close()
        return passed


def through(
    hooks: Sequence[Hook | Step], client: str, incoming: Pieces, provider: str | None = None, **options: Any
) -> Passed:
    """An answer that is given in pieces, on its way to a client. `stream` says what the client asked for."""
    streamed = options.pop("stream", any(b"event-stream" in value for _, value in incoming.headers))
    members, most = options.pop("members", None), options.pop("most", None)
    return asyncio.run(Passage(hooks, question(client, streamed, members), provider).take(incoming, most))


def simulated(hooks: Sequence[Hook | Step], client: str, stream: bool, text: str, **options: Any) -> Passed:
    """The simulator's answer to a prompt, by its real carrier."""
    provider, members = options.pop("provider", client), options.pop("members", {})

    async def main() -> Passed:
        said = {"anthropic": "messages", "openai": "messages", "openai_responses": "input"}.get(client)
        turn = {"messages": [{"role": "user", "content": text}], "input": text}.get(said or "")
        members_too = {said: turn} if said else {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        asked = question(client, stream, members_too | members)
        passage = Passage(hooks, asked, provider)
        theirs = asked
        if provider != client:
            translation = await begin(passage.inquiry, plan_for(WireFormat(provider)), passage.store)
            body = translation.draft.written_out()
            theirs = HttpRequest("POST", CLIENTS[provider].target(stream=stream).encode(), translation.headers, body)
        incoming = await EmbeddedCarrier(simulator.respond).send(Upstream(ORIGIN), theirs)
        return await passage.take(incoming)

    return asyncio.run(main())
