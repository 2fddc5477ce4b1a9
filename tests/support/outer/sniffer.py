"""Sees every packet on the outer loopback: `python -m tests.support.outer.sniffer LOG`.

One line for each kind of packet (protocol, addresses, ports) when it is first seen, and again at most once a second.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from typing import Any

ETH_P_ALL = 3
OUTGOING = 4
"""Packets of loopback pass twice: only one way counts."""
IPV4, IPV6, TCP, UDP = 0x0800, 0x86DD, 6, 17
NAMES = {1: "icmp", TCP: "tcp", UDP: "udp", 58: "icmp6"}
type Kind = tuple[str, str, int, str, int]


def kind_of(ethertype: int, data: bytes) -> Kind | None:
    """Protocol, source, its port, destination, its port; None for what is not IP."""
    if ethertype == IPV4 and len(data) >= 20:
        length, protocol = (data[0] & 15) * 4, data[9]
        source, target = socket.inet_ntop(socket.AF_INET, data[12:16]), socket.inet_ntop(socket.AF_INET, data[16:20])
    elif ethertype == IPV6 and len(data) >= 40:
        length, protocol = 40, data[6]
        source, target = socket.inet_ntop(socket.AF_INET6, data[8:24]), socket.inet_ntop(socket.AF_INET6, data[24:40])
    else:
        return None
    ports = (0, 0)
    if protocol in (TCP, UDP) and len(data) >= length + 4:
        ports = struct.unpack_from("!HH", data, length)
    return NAMES.get(protocol, str(protocol)), source, ports[0], target, ports[1]


def main() -> None:
    """Until standard input ends."""
    seen: dict[Kind, float] = {}
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    with open(sys.argv[1], "a", buffering=1) as log:
        threading.Thread(target=watch, args=(sock, seen, log), daemon=True).start()
        print("ready", flush=True)
        sys.stdin.read()


def watch(sock: socket.socket, seen: dict[Kind, float], log: Any) -> None:
    """Writes what comes."""
    while True:
        data, (_, ethertype, direction, *_) = sock.recvfrom(256)
        kind = kind_of(ethertype, data) if direction == OUTGOING else None
        now = time.time()
        if kind is None or now - seen.get(kind, 0.0) < 1.0:
            continue
        seen[kind] = now
        names = ("protocol", "source", "source_port", "target", "port")
        log.write(json.dumps({"time": now} | dict(zip(names, kind, strict=True))) + "\n")


if __name__ == "__main__":
    main()
