"""mitmproxy's listener as a process, and an initiator on a socket: no TUN device, no packet of the kernel's."""

from __future__ import annotations

import select
import socket
import struct
import subprocess
import sys
import time

from mitmproxy_rs import wireguard

from ccproxy.jail.noise import Identity
from ccproxy.jail.ticket import Ticket
from ccproxy.jail.udp import udp_socket
from ccproxy.jail.wireguard import Initiator

BOUND_SECONDS = 20.0


class Listener:
    """A server with keys of its own; `kill` and `start` keep port and keys."""

    def __init__(self) -> None:
        self.server_key, self.client_key = wireguard.genkey(), wireguard.genkey()
        self.port = 0
        self.start()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        keys = [self.server_key, wireguard.pubkey(self.client_key)]
        line = [sys.executable, "-m", "tests.jail.wireguard.server", *keys, str(self.port)]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()

    def ticket(self) -> Ticket:
        public = wireguard.pubkey(self.server_key)
        return Ticket("test", "127.0.0.1", self.port, self.client_key, public, "", ipv6=False, proxy_port=0)


class Wire:
    """An initiator whose time is the test's."""

    def __init__(self, listener: Listener) -> None:
        ticket = listener.ticket()
        self.now = 1000.0
        self.initiator = Initiator(Identity.from_base64(ticket.private_key, ticket.peer_key), time.time_ns)
        self.received: list[bytes] = []
        self._socket = udp_socket(ticket)

    def close(self) -> None:
        self._socket.close()

    def send(self, packet: bytes) -> None:
        datagram = self.initiator.send(packet, self.now)
        if datagram:
            self.transmit(datagram)

    def transmit(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except ConnectionRefusedError:
            self.initiator.refused()

    def tick(self) -> None:
        self.initiator.tick(self.now)
        self._empty()

    def step(self) -> bool:
        """Waits for a datagram; False if none came."""
        if not select.select([self._socket], [], [], 1.0)[0]:
            return False
        try:
            packet = self.initiator.receive(self._socket.recv(65536), self.now)
        except ConnectionRefusedError:
            self.initiator.refused()
            return True
        if packet:
            self.received.append(packet)
        self._empty()
        return True

    def until_handshake(self, number: int) -> None:
        end = time.monotonic() + BOUND_SECONDS
        while self.initiator.handshakes < number:
            assert time.monotonic() < end, "no handshake"
            self.step()

    def ask(self, payload: bytes) -> bytes:
        """What a datagram from inside is answered with."""
        self.received.clear()
        end = time.monotonic() + BOUND_SECONDS
        while not self.received:
            assert time.monotonic() < end, "no answer"
            self.send(udp_packet(payload))
            self.step()
        return self.received[0][28:]

    def _empty(self) -> None:
        while self.initiator.outbox:
            self.transmit(self.initiator.outbox.pop(0))


def udp_packet(payload: bytes) -> bytes:
    """An IPv4 packet from the jail's address to one that nobody has; UDP's checksum is optional there."""
    addresses = socket.inet_aton("10.0.0.1") + socket.inet_aton("192.0.2.7")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0) + addresses
    checksum = 0xFFFF - sum(struct.unpack("!10H", head)) % 0xFFFF
    head = head[:10] + struct.pack("!H", checksum) + head[12:]
    return head + struct.pack("!HHHH", 40000, 9, 8 + len(payload), 0) + payload
