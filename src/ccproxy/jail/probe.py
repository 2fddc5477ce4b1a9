"""Looks around inside a jail and prints what it sees as one line of JSON.

Run as a file of its own (`python -I -S probe.py PORT ABSTRACT-NAME DNS`), so it imports the standard library only.
It sends nothing but a connection to its own loopback and, if asked to, one query for a name below `.invalid`
(RFC 6761 §6.4), which has an answer nowhere.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import sys
from typing import Any

DNS_PORT, DNS_SECONDS, DNS_TRIES = 53, 2.0, 2
CONNECT_SECONDS = 2.0


def lines(path: str) -> list[str]:
    """A file's lines; none if it cannot be read."""
    try:
        with open(path, errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def routes() -> list[tuple[str, bool]]:
    """The interface of each route, and whether it is a default route; without those of lo."""
    v4 = [(fields[0], fields[1] == "0" * 8) for line in lines("/proc/net/route")[1:] if (fields := line.split())]
    v6 = [
        (fields[9], not fields[0].strip("0") and fields[1] == "00")
        for line in lines("/proc/net/ipv6_route")
        if len(fields := line.split()) == 10
    ]
    return sorted({route for route in (*v4, *v6) if route[0] != "lo"})


def capabilities() -> dict[str, str]:
    """The sets of capabilities, in hexadecimal (proc_pid_status(5))."""
    pairs = (line.split() for line in lines("/proc/self/status") if line.startswith("Cap"))
    return {name.rstrip(":"): value for name, value in pairs}


def reached(family: socket.AddressFamily, address: Any) -> bool:
    """Whether somebody accepts a connection there."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(CONNECT_SECONDS)
        return sock.connect_ex(address) == 0


def dns_code(server: str) -> int | None:
    """The RCODE of the answer for a name below `.invalid`; None if no answer comes."""
    number = secrets.randbits(16)
    labels = (secrets.token_hex(8).encode(), b"ccproxy-doctor", b"invalid")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    query = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(DNS_SECONDS)
        for _ in range(DNS_TRIES):
            try:
                sock.sendto(query, (server, DNS_PORT))
                answer = sock.recv(4096)
            except OSError:
                continue
            if len(answer) >= 12 and struct.unpack_from(">H", answer)[0] == number:
                return answer[3] & 0x0F
    return None


def look(port: int, name: str, server: str) -> dict[str, Any]:
    """What there is to see. `port` 0, an empty `name` and an empty `server` are not tried."""
    return {
        "interfaces": sorted(interface for _, interface in socket.if_nameindex()),
        "routes": [interface for interface, _ in routes()],
        "default_routes": [interface for interface, is_default in routes() if is_default],
        "nameservers": [line.split()[1] for line in lines("/etc/resolv.conf") if line.startswith("nameserver ")],
        "capabilities": capabilities(),
        "pid": os.getpid(),
        "uid": os.getuid(),
        "host_loopback": reached(socket.AF_INET, ("127.0.0.1", port)) if port else None,
        "host_abstract": reached(socket.AF_UNIX, f"\0{name}") if name else None,
        "dns_asked": bool(server),
        "dns_code": dns_code(server) if server else None,
    }


if __name__ == "__main__":
    print(json.dumps({"probe": look(int(sys.argv[1]), sys.argv[2], sys.argv[3])}), flush=True)  # noqa: T201
