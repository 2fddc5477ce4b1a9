"""The name server of the sealed place: every name has an IPv4 address, which nobody has (RFC 1035, over UDP)."""

from __future__ import annotations

import os
import socket
import struct
from hashlib import sha256

from ccproxy.jail import kernel

ADDRESS = ("127.0.0.1", 53)
NOBODYS = 0xC6120000, 1 << 17
"""198.18.0.0/15 (RFC 2544): its first address, and how many it has."""
NETWORK = "198.18.0.0/15"
HEAD = struct.Struct("!HHHHHH")
NAME_AT_HEAD = b"\xc0\x0c"
A, ANSWER, SECONDS, LARGEST = 1, 0x8180, 60, 4096


def serve() -> None:
    """Answers queries in a process of its own until this one ends. Raises OSError if there is no port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(ADDRESS)
        parent = os.getpid()
        if os.fork() == 0:
            _forever(sock, parent)


def _forever(sock: socket.socket, parent: int) -> None:
    try:
        kernel.die_with_parent()
        while os.getppid() == parent:
            query, client = sock.recvfrom(LARGEST)
            if (answer := respond(query)) is not None:
                sock.sendto(answer, client)
    finally:
        os._exit(0)


def respond(query: bytes) -> bytes | None:
    """The response to a query: an address for an A query, no record for others; None for what is no query."""
    try:
        end = question_end(query)
        (kind,) = struct.unpack_from("!H", query, end - 4)
    except (IndexError, struct.error):
        return None
    question = query[HEAD.size : end]
    record = b"" if kind != A else NAME_AT_HEAD + struct.pack("!HHIH", A, 1, SECONDS, 4) + address(question[:-4])
    return HEAD.pack(int.from_bytes(query[:2]), ANSWER, 1, bool(record), 0, 0) + question + record


def question_end(query: bytes) -> int:
    """Where the first question ends. Raises IndexError and struct.error."""
    at = HEAD.size
    while size := query[at]:
        at += 1 + size
    return at + 5


def address(name: bytes) -> bytes:
    """The address of a name, as it is in the query: names have each its own, as far as there are enough."""
    first, count = NOBODYS
    return (first + int.from_bytes(sha256(name.lower()).digest()[:8]) % count).to_bytes(4)
