"""A jail's connections without a jail: loopback ports, each of which stands for one far address.

What comes in at a lane's port is taken apart by mitmproxy exactly as a jail's traffic is (`JailConnection`, mitmproxy's
own addons of a running master, ours); only the WireGuard listener before it is missing.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from mitmproxy import addons
from mitmproxy.master import Master
from mitmproxy.options import Options

from ccproxy.exchange import Exchange, Process
from ccproxy.flows.store import MemoryStore
from ccproxy.fronts.interceptor.connection import JailConnection, hooks_of
from ccproxy.fronts.interceptor.handover import HandOver
from ccproxy.fronts.interceptor.jail import Jail
from ccproxy.fronts.interceptor.native import NativeRecorder
from ccproxy.gateway.recorder import BODY_LIMIT, Recorder
from ccproxy.jail.ticket import Request

MITMPROXYS = ("tlsconfig", "nextlayer", "stripdnshttpsrecords", "disableh2c")
JAIL = Jail("test", Process(("some", "command"), 4242), Request("test", ("some", "command"), 4242))
BOUND_SECONDS = 20.0


class Stream:
    """A pair of asyncio streams in the shape of `mitmproxy_rs.Stream`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]) -> None:
        self.read = reader.read
        self.write, self.write_eof, self.drain = writer.write, writer.write_eof, writer.drain
        self.close, self.is_closing, self.wait_closed = writer.close, writer.is_closing, writer.wait_closed
        self._info: dict[str, Any] = {
            "transport_protocol": "tcp",
            "peername": writer.get_extra_info("peername"),
            "sockname": writer.get_extra_info("sockname"),
            "remote_endpoint": target,
        }

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._info.get(name, default)


class Datagrams:
    """One peer's datagrams in the same shape."""

    def __init__(self, transport: asyncio.DatagramTransport, peer: tuple[str, int], target: tuple[str, int]) -> None:
        self._transport, self._peer = transport, peer
        self._came: asyncio.Queue[bytes] = asyncio.Queue()
        self._closed = False
        self._info: dict[str, Any] = {
            "transport_protocol": "udp",
            "peername": peer,
            "sockname": transport.get_extra_info("sockname"),
            "remote_endpoint": target,
        }
        self.put = self._came.put_nowait

    async def read(self, limit: int) -> bytes:
        return b"" if self._closed else await self._came.get()

    def write(self, data: bytes) -> None:
        self._transport.sendto(data, self._peer)

    async def drain(self) -> None:
        pass

    def write_eof(self) -> None:
        self.close()

    def close(self) -> None:
        self._closed = True
        self.put(b"")

    def is_closing(self) -> bool:
        return self._closed

    async def wait_closed(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._info.get(name, default)


class Lane:
    """A port, the address it stands for, and the record of what came."""

    def __init__(self, stand: Stand, target: tuple[str, int], before: list[object], body_limit: int) -> None:
        self.stand, self.target, self.port = stand, target, 0
        self.store = MemoryStore()
        self.recorder = NativeRecorder(JAIL, Recorder(self.store, body_limit))
        self.streams: dict[tuple[str, int], Datagrams] = {}
        self.connections: set[JailConnection] = set()
        own = [stand.master.addons.get(name) for name in MITMPROXYS]
        self._handover = HandOver(JAIL, lambda *_, **__: None, None, None, lambda _: ())  # type: ignore[arg-type] # nothing is claimed
        self._hooks = hooks_of([*own, *before, self._handover, self.recorder])
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, protocol: str) -> None:
        if protocol == "tcp":
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            return
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Peers(self), ("127.0.0.1", 0))
        self.port = transport.get_extra_info("sockname")[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.handle(Stream(reader, writer, self.target))

    async def handle(self, stream: Any) -> None:
        connection = JailConnection(stream, self.stand.master.options, self._hooks, self._handover)
        self.connections.add(connection)
        try:
            await connection.handle_client()
        finally:
            self.connections.discard(connection)

    def peer(self, transport: asyncio.DatagramTransport, address: tuple[str, int]) -> Datagrams:
        if address not in self.streams:
            stream = self.streams[address] = Datagrams(transport, address, self.target)
            task = asyncio.get_running_loop().create_task(self.handle(stream))
            self._tasks.add(task)
        return self.streams[address]

    def drop(self) -> None:
        """What the daemon does when a jail ends."""
        self.stand.call(lambda: [connection.drop() for connection in list(self.connections)])

    def exchanges(self, count: int = 1) -> list[Exchange]:
        """Waits for so many finished exchanges."""
        until(lambda: len([ex for ex in self.store.list() if ex.done]) >= count)
        return self.store.list()

    def exchange(self) -> Exchange:
        """Waits for the only one."""
        (only,) = self.exchanges()
        return only

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Peers(asyncio.DatagramProtocol):
    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._lane.peer(self._transport, addr).put(data)


class Stand:
    """One master on a loop of its own, in a thread."""

    def __init__(self, confdir: Path, trusted: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.confdir = confdir
        self._trusted = trusted
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.master: Master = self.run(self._start())

    @property
    def ca_file(self) -> Path:
        return self.confdir / "mitmproxy-ca-cert.pem"

    async def _start(self) -> Master:
        master = Master(Options(server=False, mode=[], confdir=str(self.confdir)), self.loop)
        master.addons.add(*addons.default_addons())
        master.options.update(connection_strategy="lazy", http3=True, ssl_verify_upstream_trusted_ca=str(self._trusted))
        await master.running()
        return master

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(BOUND_SECONDS)

    def call[T](self, function: Callable[[], T]) -> T:
        async def there() -> T:
            return function()

        return self.run(there())

    def lane(
        self, target: int | tuple[str, int], protocol: str = "tcp", *before: object, body_limit: int = BODY_LIMIT
    ) -> Lane:
        """A new lane to a port of 127.0.0.1, or to any address. `before`: addons that come before the recorder."""
        address = target if isinstance(target, tuple) else ("127.0.0.1", target)
        lane = self.call(lambda: Lane(self, address, list(before), body_limit))
        self.run(lane.open(protocol))
        return lane

    def stop(self) -> None:
        self.run(self.master.done())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(BOUND_SECONDS)


def until(condition: Callable[[], bool]) -> None:
    """Waits for something to become true; fails if it does not."""
    end = time.monotonic() + BOUND_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.002)


def rest_of(sock: socket.socket) -> bytes:
    """Everything until the peer closes or breaks the connection."""
    sock.settimeout(BOUND_SECONDS)
    data = b""
    with suppress(ConnectionError):
        while piece := sock.recv(65536):
            data += piece
    return data
