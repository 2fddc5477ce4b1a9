"""DNS over sockets, and a resolver that knows some names."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

from mitmproxy.dns import DNSFlow, DNSMessage, ResourceRecord

from tests.fronts.interceptor.native.stand import BOUND_SECONDS

A, AAAA, TXT, HTTPS = 1, 28, 16, 65
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5


def query(name: str, kind: int = A, number: int = 7, flags: int = 0x0100) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("idna").split(b".") if label)
    return struct.pack("!HHHHHH", number, flags, 1, 0, 0, 0) + labels + b"\x00" + struct.pack("!HH", kind, 1)


def ask(port: int, data: bytes) -> DNSMessage:
    """Asks over UDP and returns the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return ask_over(sock, port, data)


def ask_over(sock: socket.socket, port: int, data: bytes) -> DNSMessage:
    sock.settimeout(BOUND_SECONDS)
    sock.sendto(data, ("127.0.0.1", port))
    return DNSMessage.unpack(sock.recv(65536))


def ask_tcp(port: int, data: bytes) -> DNSMessage:
    with socket.create_connection(("127.0.0.1", port), timeout=BOUND_SECONDS) as sock:
        sock.sendall(struct.pack("!H", len(data)) + data)
        stream = sock.makefile("rb")
        (size,) = struct.unpack("!H", stream.read(2))
        return DNSMessage.unpack(stream.read(size))


class Known:
    """An addon that answers for some names. It stands where the resolver does."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def dns_request(self, flow: DNSFlow) -> None:
        if flow.response is None and flow.request.question is not None:
            asked = flow.request.question
            known = self._names.get(asked.name.lower())
            data = [socket.inet_aton(known)] if known else []
            records = [ResourceRecord(asked.name, asked.type, 1, 60, packed) for packed in data]
            flow.response = flow.request.succeed(records)
