"""A small HTTP/1.1 server (asyncio and h11) that plays the simulator's replies, plain or over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import struct
import sys
from functools import partial

import h11

from .capacity import Rush
from .dispatch import respond
from .reply import Reply, Reset

READ_BYTES = 65536
LOOK_EVERY_SECONDS = 0.25
LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST instead of FIN."""


async def serve(host: str, port: int, tls: ssl.SSLContext | None = None, rush: Rush | None = None) -> None:
    """Listens until SIGINT or SIGTERM. Prints `listening on http://HOST:PORT` once it accepts connections."""
    server = await asyncio.start_server(partial(_connection, rush), host, port, ssl=tls, backlog=2048)
    bound = server.sockets[0].getsockname()
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    sys.stdout.write(f"listening on {'https' if tls else 'http'}://{shown}:{bound[1]}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    server.abort_clients()


async def _connection(rush: Rush | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
        await _exchanges(h11.Connection(h11.SERVER), reader, writer, rush)
    writer.close()


async def _exchanges(
    conn: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rush: Rush | None
) -> None:
    """Serves one request after the other until either side wants to close."""
    while True:
        try:
            request, body = await _request(conn, reader, writer)
        except h11.RemoteProtocolError as error:
            await _refuse(conn, writer, error)
            return
        if request is None:
            return
        headers = [(bytes(name), bytes(value)) for name, value in request.headers]
        reply = respond(request.method.decode("ascii"), request.target, headers, body, rush)
        await _play(conn, reader, writer, reply)
        if conn.our_state is not h11.DONE or conn.their_state is not h11.DONE:
            return
        conn.start_next_cycle()


async def _request(
    conn: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request | None, bytes]:
    """The next request with its body; None if the client is gone."""
    request: h11.Request | None = None
    parts: list[bytes] = []
    while True:
        event = conn.next_event()
        if event is h11.NEED_DATA:
            if conn.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(conn.send(go_on) or b"")
            conn.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            parts.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return request, b"".join(parts)
        else:
            return None, b""


async def _play(conn: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Plays a reply. Waits as told, and for the client to take what was sent."""
    started = False
    for step in reply.events:
        if step.delay:
            await _pause(step.delay, reader, writer)
        if isinstance(step, Reset):
            _abort(writer)
            return
        if not started:
            started = True
            writer.write(conn.send(h11.Response(status_code=reply.status, headers=reply.headers)) or b"")
        if step.data:
            writer.write(conn.send(h11.Data(data=step.data)) or b"")
            await writer.drain()
    writer.write(conn.send(h11.EndOfMessage()) or b"")
    await writer.drain()


async def _pause(seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Waits, and looks from time to time whether the client is still there.

    Raises:
        ConnectionAbortedError: if it is not.
    """
    await writer.drain()
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    while (left := due - loop.time()) > 0:
        await asyncio.sleep(min(left, LOOK_EVERY_SECONDS))
        if reader.at_eof() or writer.is_closing():
            raise ConnectionAbortedError("the client went away")


def _abort(writer: asyncio.StreamWriter) -> None:
    """Closes the connection with a TCP reset."""
    sock: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    writer.transport.abort()


async def _refuse(conn: h11.Connection, writer: asyncio.StreamWriter, error: h11.RemoteProtocolError) -> None:
    """Answers what is not HTTP, if there is still somebody to tell."""
    if conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    text = str(error).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text)), (b"connection", b"close")]
    writer.write(conn.send(h11.Response(status_code=error.error_status_hint, headers=headers)) or b"")
    writer.write(conn.send(h11.Data(data=text)) or b"")
    await writer.drain()
