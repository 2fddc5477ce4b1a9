"""What is at home on the host and must not be reached: `python -m tests.jail.leaks.canary FOLDER MARK`.

It listens on every address of the outer network, where it answers whatever comes, on Unix sockets of both kinds, and
says MARK aloud on the loopback ten times a second. What reached it stands in FOLDER/canary.log. Runs until killed.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from pathlib import Path

from tests.support.internet.datagrams import Datagrams
from tests.support.internet.journal import Journal

TCP_PORT, UDP_PORT, LOUD_PORT = 7777, 7778, 7779
EVERYWHERE = ["0.0.0.0", "::"]
PATHS = ("docker.sock", "agent.sock", "bus")


async def sing(folder: Path, mark: str) -> None:
    """Opens everything and goes on for ever."""
    journal = Journal(folder / "canary.log")

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A Unix socket's own name is text or bytes, an internet socket's a tuple.
        name = writer.get_extra_info("sockname")
        host, port = name[:2] if isinstance(name, tuple) else (os.fsdecode(name).lstrip("\0"), 0)
        journal.note("tcp" if port else "unix", to=host, port=port)
        writer.write(b"you should not be here\n")
        writer.close()

    def datagram(data: bytes, to: str) -> bytes:
        journal.note("udp", to=to, port=UDP_PORT)
        return data

    await asyncio.start_server(stream, EVERYWHERE, TCP_PORT)
    await asyncio.start_unix_server(stream, f"\0{mark}")
    for name in PATHS:
        await asyncio.start_unix_server(stream, folder / name)
        (folder / name).chmod(0o666)
    heard = [Datagrams(family, UDP_PORT, datagram) for family in (socket.AF_INET, socket.AF_INET6)]
    print("ready", flush=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while heard:
            sock.sendto(mark.encode(), ("127.0.0.1", LOUD_PORT))
            await asyncio.sleep(0.1)


def end_with_input() -> None:
    """Ends the process when whoever started it does."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    asyncio.run(sing(Path(sys.argv[1]), sys.argv[2]))
