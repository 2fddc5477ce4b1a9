"""A Code Assist on a loopback port that asks a plain Gemini API: it opens envelopes on the way there, and makes them on
the way back.

What is no well-formed call is refused (400). An answer that breaks off breaks off here too, and one that is reset is
reset.
"""

from __future__ import annotations

import asyncio
import json
import random
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

import h11

from tools.code_assist import answers
from tools.code_assist.envelope import PROJECT, MalformedError, error, opened

PREFIX = "/v1internal:"
ACCOUNT = {"cloudaicompanionProject": PROJECT, "currentTier": {"id": "standard-tier"}}
LENGTHS = frozenset({b"content-length", b"transfer-encoding", b"connection", b"host"})
READ = 1 << 16

type Head = list[tuple[bytes, bytes]]


class BrokenOffError(Exception):
    """The other side ended its message before its end."""


class Wire:
    """One side of an HTTP/1.1 connection."""

    def __init__(self, role: type[h11.CLIENT] | type[h11.SERVER], reader: StreamReader, writer: StreamWriter) -> None:
        self.state, self._reader, self.writer = h11.Connection(role, 1 << 20), reader, writer

    async def event(self) -> h11.Event | type[h11.PAUSED]:
        """What comes next. Raises BrokenOffError."""
        try:
            while (event := self.state.next_event()) is h11.NEED_DATA:
                self.state.receive_data(await self._reader.read(READ))
        except (OSError, h11.RemoteProtocolError) as broken:
            raise BrokenOffError from broken
        assert not isinstance(event, type) or event is h11.PAUSED
        return event

    async def send(self, *events: h11.Event) -> None:
        """Writes them out."""
        for event in events:
            self.writer.write(self.state.send(event) or b"")
            await self.writer.drain()

    async def answer(self, status: int, body: bytes) -> None:
        """A whole answer of JSON."""
        head: Head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await self.send(h11.Response(status_code=status, headers=head), h11.Data(data=body), h11.EndOfMessage())


@dataclass
class Shim:
    """The server. `calls` were passed on, `refused` were malformed; `envelopes` went around what was answered."""

    host: str
    port: int
    calls: int = 0
    refused: int = 0
    envelopes: int = 0

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection of a client."""
        client = Wire(h11.SERVER, reader, writer)
        try:
            while isinstance(request := await client.event(), h11.Request):
                await self._request(client, request)
                client.state.start_next_cycle()
        except (BrokenOffError, OSError, h11.LocalProtocolError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _request(self, client: Wire, request: h11.Request) -> None:
        body = b""
        while isinstance(data := await client.event(), h11.Data):
            body += data.data
        path, _, query = request.target.decode().partition("?")
        action = path.removeprefix(PREFIX)
        if action == "loadCodeAssist":
            await client.answer(200, json.dumps(ACCOUNT).encode())
            return
        try:
            call = opened(action, query, body)
        except MalformedError as malformed:
            self.refused += 1
            print(f"shim: refused {request.target.decode()}: {malformed}", flush=True)
            await client.answer(400, error(str(malformed)))
            return
        self.calls += 1
        target = f"/v1beta/models/{call.model}:{action}" + ("?" + query if query else "")
        await self._ask(client, target, request.headers.raw_items(), call.body)

    async def _ask(self, client: Wire, target: str, fields: Head, body: bytes) -> None:
        provider = Wire(h11.CLIENT, *await asyncio.open_connection(self.host, self.port))
        authority = f"{self.host}:{self.port}".encode()
        headers: Head = [(b"host", authority), (b"content-length", b"%d" % len(body)), *_kept(fields)]
        try:
            request = h11.Request(method="POST", target=target, headers=headers)
            await provider.send(request, h11.Data(data=body), h11.EndOfMessage())
            made = await _pass_on(provider, client, random.Random(target))  # noqa: S311
            self.envelopes += made
        finally:
            provider.writer.close()


async def _pass_on(provider: Wire, client: Wire, chance: random.Random) -> int:
    """The answer of one to the other; how many envelopes it got. Raises BrokenOffError behind what came."""
    head = await provider.event()
    assert isinstance(head, h11.Response)
    kinds = [value for name, value in head.headers if name == b"content-type"]
    made = answers.wrapping(head.status_code, kinds[0] if kinds else b"", chance)
    await client.send(h11.Response(status_code=head.status_code, headers=_kept(head.headers.raw_items())))
    try:
        while isinstance(event := await provider.event(), h11.Data):
            await _write(client, made.feed(event.data), chance)
    finally:
        await _write(client, made.rest(), chance)
    await client.send(h11.EndOfMessage())
    return made.made


async def _write(client: Wire, data: bytes, chance: random.Random) -> None:
    for number, piece in enumerate(answers.cut(data, chance)):
        await client.send(h11.Data(data=piece))
        await asyncio.sleep(0.001 if number % 4 == 0 else 0)  # else the pieces arrive as one


def _kept(fields: Head) -> Head:
    return [(name, value) for name, value in fields if name.lower() not in LENGTHS]
