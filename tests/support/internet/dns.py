"""The name server of this internet (RFC 1035), over UDP and TCP: A, AAAA and TXT; NOTIMP for everything else."""

from __future__ import annotations

import asyncio
import socket
import struct

from tests.support.internet import names
from tests.support.internet.journal import Journal

A, TXT, AAAA = 1, 16, 28
KNOWN = {A: "A", TXT: "TXT", AAAA: "AAAA"}
OK, NO_SUCH_NAME, NOT_IMPLEMENTED = 0, 3, 4
HEAD, NAME_AT_12 = struct.Struct("!HHHHHH"), b"\xc0\x0c"


def question(message: bytes) -> tuple[str, int, int]:
    """The name and type that a query asks for, and where the question ends. Raises IndexError and struct.error."""
    at, labels = HEAD.size, []
    while size := message[at]:
        labels.append(message[at + 1 : at + 1 + size].decode("latin-1"))
        at += 1 + size
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels), kind, at + 5


def answer(message: bytes, name: str, kind: int, end: int) -> bytes:
    """The response to a query."""
    code = (OK if names.exists(name) else NO_SUCH_NAME) if kind in KNOWN else NOT_IMPLEMENTED
    data = record(name, kind) if code == OK else None
    flags = 0x8180 | code
    head = HEAD.pack(int.from_bytes(message[:2]), flags, 1, 0 if data is None else 1, 0, 0)
    tail = b"" if data is None else NAME_AT_12 + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    return head + message[HEAD.size : end] + tail


def record(name: str, kind: int) -> bytes | None:
    """The data of the one record, if there is one."""
    if kind == TXT:
        text = f"text of {name}".encode()
        return bytes([len(text)]) + text
    family, address = (socket.AF_INET, names.address4(name)) if kind == A else (socket.AF_INET6, names.address6(name))
    return socket.inet_pton(family, address) if address else None


class Resolver:
    """Answers and writes down what it was asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def respond(self, message: bytes, transport: str, to: str) -> bytes | None:
        """The response to whatever came; None where it was no query. `to` is the address that was asked."""
        try:
            name, kind, end = question(message)
        except (IndexError, struct.error):
            self._journal.note("dns", transport=transport, to=to, name=None, type=None)
            return None
        self._journal.note("dns", transport=transport, to=to, name=name, type=KNOWN.get(kind, str(kind)))
        return answer(message, name, kind, end)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with any number of queries (RFC 7766)."""
        to = writer.get_extra_info("sockname")[0]
        while prefix := await reader.read(2):
            message = await reader.readexactly(int.from_bytes(prefix))
            if (response := self.respond(message, "tcp", to)) is None:
                break
            writer.write(len(response).to_bytes(2) + response)
        writer.close()
