"""The internet as a process: `python -m tests.support.internet FOLDER`. It says "ready", and ends with its input."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from pathlib import Path

from tests.support.internet import http3
from tests.support.internet.certificates import Certificates
from tests.support.internet.datagrams import Datagrams
from tests.support.internet.dns import Resolver
from tests.support.internet.http1 import Web
from tests.support.internet.journal import Journal
from tests.support.internet.services import GREETINGS, UDP_ECHO, Echo

EVERYWHERE = ["0.0.0.0", "::"]


async def serve(folder: Path) -> None:
    """Opens every port, and serves for ever."""
    journal = Journal(folder / "internet.log")
    certificates = Certificates(folder / "internet-ca.pem", folder)
    web, resolver, echo = Web(journal, folder / "no-websocket"), Resolver(journal), Echo(journal)
    await asyncio.start_server(web.serve, EVERYWHERE, 80, limit=1 << 20)
    await asyncio.start_server(web.serve, EVERYWHERE, 443, ssl=certificates.context, limit=1 << 20)
    await asyncio.start_unix_server(web.serve, folder / "internet.sock", limit=1 << 20)
    await asyncio.start_server(resolver.serve_tcp, EVERYWHERE, 53)
    for port in GREETINGS:
        await asyncio.start_server(echo.serve, EVERYWHERE, port)
    sockets = [
        Datagrams(family, port, respond)
        for family in (socket.AF_INET, socket.AF_INET6)
        for port, respond in (
            (53, lambda data, to: resolver.respond(data, "udp", to)),
            (UDP_ECHO, echo.datagram),
        )
    ]
    await http3.listen("0.0.0.0", 443, certificates.quic_files(), web.take)
    print("ready", flush=True)
    await asyncio.Event().wait()
    del sockets


def end_with_input() -> None:
    """Ends the process when whoever started it does."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    asyncio.run(serve(Path(sys.argv[1])))
