"""What is not the web: a server that speaks first, and echoes."""

from __future__ import annotations

import asyncio

from tests.support.internet.journal import Journal

READ_SIZE = 65536
GREETINGS = {22: b"SSH-2.0-test\r\n", 2525: b"220 mail.test ESMTP\r\n", 7: b""}
"""Port -> what the server says before the client says anything; then it echoes."""
UDP_ECHO = 9999


class Echo:
    """The services."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        to, port, *_ = writer.get_extra_info("sockname")
        self._journal.note("tcp", to=to, port=port)
        try:
            writer.write(GREETINGS[port])
            while data := await reader.read(READ_SIZE):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def datagram(self, data: bytes, to: str) -> bytes:
        """The answer to a datagram."""
        self._journal.note("udp", to=to, port=UDP_ECHO, data=data.decode("latin-1"))
        return data
