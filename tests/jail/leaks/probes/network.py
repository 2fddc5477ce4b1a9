"""Packets of every kind to every kind of address."""

from __future__ import annotations

import socket
import ssl
import struct

SECONDS = 3.0
MARK = b"a probe of the tests"
WHO = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x05probe\x07example\x04test\x00" + struct.pack("!HH", 1, 1)
"""A DNS query for probe.example.test."""
ECHO4, ECHO6 = 8, 128
REFUSED = 5


def tcp(host: str, port: int, send: str = "") -> str:
    """A TCP connection, and what the other side says."""
    with socket.create_connection((host, port), SECONDS) as sock:
        sock.settimeout(SECONDS)
        sock.sendall(send.encode() or MARK)
        if not (data := sock.recv(4096)):
            raise ConnectionResetError("closed without a word")
        return repr(data[:80])


def udp(host: str, port: int) -> str:
    """A datagram, and its echo."""
    with _datagrams(host) as sock:
        sock.connect((host, port))
        sock.send(MARK)
        return repr(sock.recv(4096)[:80])


def dns_udp(host: str) -> str:
    """A query to a resolver of the client's own choice."""
    with _datagrams(host) as sock:
        sock.connect((host, 53))
        sock.send(WHO)
        return _answer(sock.recv(4096))


def resolve(name: str) -> str:
    """A name, by the system's resolver: whoever answers for it learns what was asked."""
    return str(socket.getaddrinfo(name, 80)[0][4])


def tls(host: str, name: str) -> str:
    """A TLS connection to an address by a name that is another's."""
    context = ssl._create_unverified_context()
    with (
        socket.create_connection((host, 443), SECONDS) as sock,
        context.wrap_socket(sock, server_hostname=name) as tunnel,
    ):
        tunnel.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        if not (data := tunnel.recv(4096)):
            raise ConnectionResetError("closed without a word")
        return repr(data[:80])


def dns_tcp(host: str) -> str:
    """The same over TCP."""
    with socket.create_connection((host, 53), SECONDS) as sock:
        sock.settimeout(SECONDS)
        sock.sendall(struct.pack("!H", len(WHO)) + WHO)
        if not (data := sock.recv(4096)):
            raise ConnectionResetError("closed without a word")
        return _answer(data[2:])


def icmp(host: str) -> str:
    """An echo request from a socket that needs no privilege."""
    four = ":" not in host
    protocol = socket.IPPROTO_ICMP if four else socket.IPPROTO_ICMPV6
    with socket.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_DGRAM, protocol) as sock:
        sock.settimeout(SECONDS)
        sock.connect((host, 0))
        sock.send(struct.pack("!BBHHH", ECHO4 if four else ECHO6, 0, 0, 0, 1) + MARK)
        return repr(sock.recv(4096)[:80])


def multicast(host: str, port: int) -> str:
    """A datagram to a group; whoever hears it may answer."""
    with _datagrams(host) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(MARK, (host, port))
        return repr(sock.recv(4096)[:80])


def raw_udp(host: str, port: int) -> str:
    """A datagram whose every header is hand-made, with another's source address."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(_udp4(host, port), (host, 0))
    raise TimeoutError("sent, but to nobody who could answer")


def packet_udp(host: str, port: int) -> str:
    """A datagram put on the tunnel past the kernel's routes, which would send it elsewhere or nowhere."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        packet = _udp6(host, port) if ":" in host else _udp4(host, port)
        sock.sendto(packet, ("tun0", 0x86DD if ":" in host else 0x0800, 0, 0, b""))
    raise TimeoutError("sent, but to nobody who could answer")


def raw_protocol(host: str, protocol: int) -> str:
    """A packet of a protocol that is neither TCP nor UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) as sock:
        sock.settimeout(SECONDS)
        sock.sendto(MARK, (host, 0))
        return repr(sock.recv(4096)[:80])


def http3(host: str, name: str) -> str:
    """A GET over HTTP/3, with no certificate checked."""
    from tests.support.internet.visit import get3

    return repr(get3(host, 443, name, "/", SECONDS)[:80])


def _datagrams(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(SECONDS)
    return sock


def _answer(message: bytes) -> str:
    if message[3] & 15 == REFUSED:
        raise ConnectionRefusedError("a DNS server says REFUSED")
    return repr(message[:80])


def _udp4(host: str, port: int) -> bytes:
    packet = struct.pack("!HHHH", 4444, port, 8 + len(MARK), 0) + MARK
    fields = [0x45, 0, 20 + len(packet), 1, 0, 64, socket.IPPROTO_UDP, 0]
    head = struct.pack("!BBHHHBBH4s4s", *fields, socket.inet_aton("10.0.0.1"), socket.inet_aton(host))
    checksum = struct.pack("!H", _checksum(head))
    return head[:10] + checksum + head[12:] + packet


def _udp6(host: str, port: int) -> bytes:
    source, target = (socket.inet_pton(socket.AF_INET6, text) for text in ("fd00:cc:cc::1", host))
    length = 8 + len(MARK)
    pseudo = source + target + struct.pack("!IxxxB", length, socket.IPPROTO_UDP)
    packet = struct.pack("!HHHH", 4444, port, length, 0) + MARK
    packet = packet[:6] + struct.pack("!H", _checksum(pseudo + packet)) + packet[8:]
    return struct.pack("!IHBB", 6 << 28, length, socket.IPPROTO_UDP, 64) + source + target + packet


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
