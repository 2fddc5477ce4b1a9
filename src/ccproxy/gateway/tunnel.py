"""Upgraded connections, noted as they pass."""

from __future__ import annotations

from typing import Self

from ccproxy.exchange import Exchange, Failure, HttpResponse, WebSocketRecord
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.reply import Pressure
from ccproxy.transport.carrier import Incoming, TransportError


class RelayTunnel:
    """Implements `reply.Tunnel`: frames pass both ways untouched."""

    def __init__(self, exchange: Exchange, incoming: Incoming, recorder: Recorder) -> None:
        self._exchange, self._incoming, self._recorder = exchange, incoming, recorder
        self._record = exchange.websocket = WebSocketRecord()
        head = HttpResponse(incoming.status, incoming.headers, incoming.reason, complete=True)
        exchange.provider_response = exchange.response = head
        self._room = recorder.body_limit

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            data = await self._incoming.__anext__()
        except TransportError as error:
            self._recorder.finish(self._exchange, Failure(error.kind, str(error)))
            raise StopAsyncIteration from error
        self._note(self._record.from_server, data)
        return data

    def write(self, data: bytes) -> None:
        """Client to provider."""
        self._note(self._record.from_client, data)
        self._incoming.write(data)

    def watch(self, on_pressure: Pressure) -> None:
        """See `reply.Tunnel`."""
        self._incoming.on_pressure = on_pressure

    def close(self) -> None:
        """Either side has hung up."""
        self._incoming.close()
        self._recorder.finish(self._exchange)

    def _note(self, kept: list[bytes], data: bytes) -> None:
        if len(data) > self._room:
            self._record.dropped += len(data)
            self._room = 0  # nothing after a gap: frames are found by counting
            return
        self._room -= len(data)
        kept.append(data)
