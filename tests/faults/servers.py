"""Servers for faults: many ports on one loop in a thread, and certificates of all kinds."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trustme
import uvloop

from tests.transport.peer import Link

type Accept = Callable[[Link], Awaitable[None]]


class Servers:
    """Serves until it is closed; each connection is a coroutine's."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)  # handshakes that fail are what is wanted
        self._links: list[Link] = []
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def serve(self, accept: Accept, tls: ssl.SSLContext | None) -> int:
        """Opens a port, and says which."""
        return self.call(self._opened(accept, tls))

    def close(self) -> None:
        """Closes everything."""
        self.call(self._closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def call(self, work: Any) -> Any:
        """Runs a coroutine on the loop of the servers, and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _opened(self, accept: Accept, tls: ssl.SSLContext | None) -> int:
        numbers = iter(range(1_000_000))

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = Link(reader, writer, next(numbers))
            self._links.append(link)
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, OSError):
                await accept(link)
            self._links.remove(link)
            writer.close()

        server = await asyncio.start_server(
            accepted, "127.0.0.1", 0, ssl=tls, backlog=512, limit=2**20, **shutdown_of(tls)
        )
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _closed(self) -> None:
        for server in self._servers:
            server.close()
        for link in list(self._links):
            link.writer.transport.abort()
        await asyncio.sleep(0.05)
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)


def shutdown_of(tls: ssl.SSLContext | None) -> dict[str, float]:
    """A peer that does not say goodbye is not waited for."""
    return {"ssl_shutdown_timeout": 0.5} if tls is not None else {}


class Certificates:
    """Server contexts by name; `ca_file` is what a client trusts."""

    def __init__(self, folder: Path) -> None:
        root, other = trustme.CA(), trustme.CA()
        self.ca_file = folder / "faults-ca.pem"
        root.cert_pem.write_to_path(str(self.ca_file))
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        good = root.issue_cert("127.0.0.1", "localhost")
        self._leaves = {
            "good": good,
            "h2": good,
            "expired": root.issue_cert("127.0.0.1", not_before=now - 3 * day, not_after=now - day),
            "early": root.issue_cert("127.0.0.1", not_before=now + day, not_after=now + 3 * day),
            "wrong host": root.issue_cert("other.test"),
            "unknown": other.issue_cert("127.0.0.1"),
        }
        self._folder = folder

    def context(self, name: str) -> ssl.SSLContext | None:
        """What a server shows; None for no TLS at all."""
        if name == "plain":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name == "self-signed":
            self._own(context)
        else:
            self._leaves[name].configure_cert(context)
        context.set_alpn_protocols(["h2"] if name == "h2" else ["http/1.1"])
        return context

    def _own(self, context: ssl.SSLContext) -> None:
        """A certificate that is its own issuer."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        host = x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))
        certificate = made.add_extension(x509.SubjectAlternativeName([host]), False).sign(key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self._folder / "self-signed.pem"
        file.write_bytes(secret + certificate.public_bytes(pem))
        context.load_cert_chain(file)


def nobody() -> tuple[socket.socket, int]:
    """A port that refuses, for as long as the socket lives: it is bound, and does not listen."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]


def never_accepting() -> tuple[list[socket.socket], int]:
    """A port on which connections hang: nobody accepts, and no more may wait."""
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(server.getsockname())
    return [server, *fillers], server.getsockname()[1]
