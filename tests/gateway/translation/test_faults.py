"""A carrier that fails as nobody foresaw: the client still gets an error of its format, and the record says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, WireFormat
from ccproxy.flows.store import MemoryStore
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.translation.relay import TranslatedRelay
from ccproxy.gateway.translation.request import Translation, load_types
from ccproxy.gateway.translation.response_store import ResponseStore
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.formats import request_module

BEGUN = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"half"},"finish_reason":null}]}\n\n'
)


class Faulty:
    """A provider's answer (`transport.Incoming`) whose second chunk is a fault in the carrier itself."""

    def __init__(self) -> None:
        self.status, self.reason, self.http_version = 200, b"OK", "1.1"
        self.headers = [(b"content-type", b"text/event-stream")]
        self.reused, self.ready, self.closed = False, True, False
        self.trailers: list[tuple[bytes, bytes]] = []
        self.on_pressure: Callable[[bool], None] | None = None
        self._left = [BEGUN]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise RuntimeError("unforeseen")
        return self._left.pop()

    async def read(self, limit: int = 0) -> bytes | None:
        raise RuntimeError("unforeseen")

    def write(self, data: bytes) -> None:
        raise RuntimeError("unforeseen")

    def close(self) -> None:
        self.closed = True


def test_a_fault_of_ours_in_mid_stream_is_an_error_in_the_clients_dialect() -> None:
    incoming, exchange = Faulty(), Exchange(HttpRequest("POST", b"/v1/messages", []))
    exchange.provider_response, exchange.response = HttpResponse(200, []), HttpResponse(200, [])
    asked = Asked("m", {})
    translation = Translation(WireFormat.ANTHROPIC, WireFormat.OPENAI, "generate", True, asked, [], b"")

    async def received() -> bytes:
        relay = TranslatedRelay(translation, exchange, incoming, Recorder(MemoryStore()), ResponseStore())
        return b"".join([chunk async for chunk in relay])

    body = asyncio.run(received())
    assert b'"text_delta","text":"half"' in body
    assert body.count(b"event: error") == 1
    assert b"unforeseen" in body
    assert b"message_stop" not in body
    assert incoming.closed
    assert exchange.failure is not None
    assert exchange.failure.kind == "internal"
    assert not exchange.response.complete


def test_all_formats_are_loaded_for_everybody_who_waits() -> None:
    async def three() -> None:
        await asyncio.gather(load_types(), load_types(), load_types())

    asyncio.run(three())
    assert request_module.cache_info().currsize == len(WireFormat)
