"""A jail that a scene holds, without a tunnel: it reads the device itself, and answers nothing but DNS if asked to."""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ccproxy.jail import inmate
from ccproxy.jail.plan import Plan
from ccproxy.jail.ticket import Ticket

SECONDS = 15.0
ANSWER = "198.51.100.7"
VIRTIO = bytes(10)
"""The header before each packet: nothing special about it."""


def ticket(*, ipv6: bool = True, **more: Any) -> Ticket:
    """One that says what the inside needs to know."""
    return Ticket("jail", "127.0.0.1", 9, "", "", "", ipv6, 9, **more)


class Held:
    """One jail. Its command's standard output is in `output`, what came out of its device in `packets`."""

    def __init__(self, *command: str, masked: tuple[str, ...] = (), strict: bool = False) -> None:
        self.packets: list[bytes] = []
        self.told: list[dict[str, Any]] = []
        self.answers = False
        shelf = Path("shelf").absolute()
        shelf.mkdir(exist_ok=True)
        plan = Plan(command, dict(os.environ), shelf=shelf, masked=tuple(map(Path, masked)), strict=strict)
        self._memory = os.memfd_create("output")
        os.dup2(self._memory, 1)
        self.inmate = inmate.spawn(plan)
        self.parts: inmate.Parts | None = None

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.inmate.close()

    def go(
        self, files: Mapping[str, bytes] | None = None, environment: Mapping[str, str] | None = None, **ticketed: Any
    ) -> Held:
        """Lets the command run."""
        self.parts = self.parts or self.inmate.parts()
        os.set_blocking(self.parts.tun, False)
        self.inmate.go(ticket(**ticketed), files or {}, {**os.environ, **(environment or {})})
        return self

    def until(self, *kinds: str) -> dict[str, Any]:
        """Carries on until there is news of one of these kinds, and returns it."""
        end = time.monotonic() + SECONDS
        seen = 0
        while time.monotonic() < end:
            for item in self.told[seen:]:
                seen += 1
                if item["kind"] in kinds:
                    return item
            self._turn(end - time.monotonic())
        raise AssertionError(f"{kinds}: {self.told} {self.output!r}")

    def forget(self) -> None:
        """What was told so far counts no more."""
        self.told.clear()

    def end(self) -> dict[str, Any]:
        """The end of the command, and of everything else."""
        last = self.until("Exited", "Failed", "Gone")
        self.drain()
        self.inmate.close()
        return last

    @property
    def output(self) -> str:
        """What the command has written."""
        return os.pread(self._memory, 1 << 20, 0).decode()

    def _turn(self, seconds: float) -> None:
        assert self.parts is not None
        poll = select.poll()
        poll.register(self.inmate.fileno(), select.POLLIN)
        poll.register(self.parts.tun, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(1000 * seconds)}
        if self.parts.tun in ready:
            self._packet(self.parts.tun)
        if self.inmate.fileno() in ready:
            news = self.inmate.news()
            self.told += [{"kind": "Gone"}] if news is None else [_plain(item) for item in news]

    def _packet(self, tun: int) -> None:
        try:
            packet = os.read(tun, 65535)[len(VIRTIO) :]
        except BlockingIOError:
            return
        self.packets.append(packet)
        if self.answers and (answer := resolve(packet)):
            os.write(tun, VIRTIO + answer)

    def drain(self) -> None:
        """Reads what is still in the device."""
        assert self.parts is not None
        poll = select.poll()
        poll.register(self.parts.tun, select.POLLIN)
        while any(mask & select.POLLIN for _, mask in poll.poll(0)):
            self._packet(self.parts.tun)

    def datagrams(self) -> list[dict[str, Any]]:
        """UDP over IPv4 and IPv6 that came out of the device."""
        return [told for packet in self.packets if (told := datagram(packet))]


def _plain(item: inmate.News) -> dict[str, Any]:
    return {"kind": type(item).__name__, **asdict(item)}


def datagram(packet: bytes) -> dict[str, Any] | None:
    """Where a UDP packet goes, and what it holds; None for anything else."""
    if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_UDP:
        target, payload = socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[(packet[0] & 15) * 4 :]
    elif packet[0] >> 4 == 6 and packet[6] == socket.IPPROTO_UDP:
        target, payload = socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:]
    else:
        return None
    return {"to": target, "port": struct.unpack_from("!H", payload, 2)[0], "data": payload[8:].hex()}


def resolve(packet: bytes) -> bytes | None:
    """The packet that answers a question for an A record by ANSWER, and any other by none (no error)."""
    told = datagram(packet)
    if told is None or told["port"] != 53 or packet[0] >> 4 != 4:
        return None
    query = bytes.fromhex(told["data"])
    question = query[12 : query.index(b"\0", 12) + 5]
    is_address = question[-4:-2] == b"\0\1"
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_address), 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ANSWER) if is_address else b""
    body = head + question + record
    source = struct.unpack_from("!H", packet, 20)[0]
    udp = struct.pack("!HHHH", 53, source, 8 + len(body), 0) + body
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + packet[16:20] + packet[12:16]
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp


def checksum(head: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(head) // 2}H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """A command that runs Python code inside, with the repository's modules."""
    return (sys.executable, "-c", code, *arguments)
