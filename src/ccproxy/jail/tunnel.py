"""The jail's way out: packets of its TUN device to the daemon's WireGuard listener, and back."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ccproxy.jail.coalesce import NO_OFFLOAD, Coalescer, has_header
from ccproxy.jail.errors import JailError
from ccproxy.jail.keylog import KeyLog, wireguard_lines
from ccproxy.jail.noise import Identity, State
from ccproxy.jail.pcap import Pcap
from ccproxy.jail.poll import Poller
from ccproxy.jail.ticket import Ticket
from ccproxy.jail.udp import udp_socket
from ccproxy.jail.wireguard import Initiator

TICK_SECONDS = 0.25
BATCH = 64
"""Packets per call, so that neither direction starves the other."""
PIECE = 65536 + 64
DEVICE_GONE = (errno.EBADFD, errno.EBADF, errno.EIO, errno.ENODEV)


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"ccproxy: {line}\n")


class Tunnel:
    """One jail's tunnel. It owns neither the poller nor the device's descriptor."""

    def __init__(
        self,
        poller: Poller,
        tun: int,
        ticket: Ticket,
        *,
        keylog: Path | None = None,
        pcap: Path | None = None,
        say: Callable[[str], None] = _to_stderr,
    ) -> None:
        """`keylog` and `pcap` are files. Raises JailError if one cannot be written, or for a ticket without sense."""
        self.sent_bytes = self.received_bytes = self.handshakes = 0
        self._poller, self._tun, self._timer = poller, tun, 0
        self._up, self._on_up, self._on_lost = False, _nothing, say
        self._keylog = KeyLog(keylog, say) if keylog else None
        self._pcap = Pcap(pcap, say) if pcap else None
        self._coalescer = Coalescer() if has_header(tun) else None
        self._skip = len(NO_OFFLOAD) if self._coalescer else 0
        self._initiator, self._socket = self._initiator_of(ticket), udp_socket(ticket)

    def start(self, on_up: Callable[[], None], on_lost: Callable[[str], None]) -> None:
        """Begins. `on_up` is called at the first handshake and after each recovery, `on_lost` at most once, with what
        ended the tunnel for good."""
        self._on_up, self._on_lost = on_up, on_lost
        os.set_blocking(self._tun, False)
        self._poller.on_readable(self._socket.fileno(), self._from_daemon)
        self._poller.on_readable(self._tun, self._from_jail)
        self._timer = self._poller.every(TICK_SECONDS, self._tick)
        self._tick()

    def move(self, ticket: Ticket) -> None:
        """Goes on with another listener and other keys."""
        fresh, initiator = udp_socket(ticket), self._initiator_of(ticket)
        self._poller.on_readable(self._socket.fileno(), None)
        self._socket.close()
        self._socket, self._initiator, self._up = fresh, initiator, False
        self._poller.on_readable(fresh.fileno(), self._from_daemon)
        self._tick()

    def close(self) -> None:
        """Ends the tunnel and its files; may be called twice."""
        self._detach()
        self._socket.close()
        for each in (self._keylog, self._pcap):
            if each:
                each.close()

    def _initiator_of(self, ticket: Ticket) -> Initiator:
        try:
            identity = Identity.from_base64(ticket.private_key, ticket.peer_key)
        except ValueError as error:
            raise JailError("the daemon's answer holds no WireGuard keys") from error
        return Initiator(identity, time.time_ns, self._log_keys if self._keylog else None)

    def _log_keys(self, identity: Identity, state: State) -> None:
        if self._keylog:
            self._keylog.add(*wireguard_lines(identity, state))

    def _from_jail(self) -> None:
        now, read, send, tun, skip = time.monotonic(), os.read, self._initiator.send, self._tun, self._skip
        for _ in range(BATCH):
            try:
                packet = read(tun, PIECE)[skip:]
            except BlockingIOError:
                break
            except OSError as error:
                self._device_failed(error)
                return
            self.sent_bytes += len(packet)
            if self._pcap:
                self._pcap.add(packet)
            if datagram := send(packet, now):
                self._transmit(datagram)
        if self._pcap:
            self._pcap.flush()

    def _from_daemon(self) -> None:
        now, recv, receive, deliver = time.monotonic(), self._socket.recv, self._initiator.receive, self._deliver
        for _ in range(BATCH):
            try:
                datagram = recv(PIECE)
            except BlockingIOError:
                break
            except OSError as error:
                self._socket_failed(error)
                break
            if packet := receive(datagram, now):
                deliver(packet)
        self._settle()

    def _deliver(self, packet: bytes) -> None:
        self.received_bytes += len(packet)
        if self._pcap:
            self._pcap.add(packet)
        if self._coalescer:
            self._coalescer.add(packet)
        else:
            self._write(packet)

    def _tick(self) -> None:
        self._initiator.tick(time.monotonic())
        self._settle()

    def _settle(self) -> None:
        """Does what a batch has left to do."""
        if self._coalescer:
            for packet in self._coalescer.take():
                self._write(packet)
        if self._pcap:
            self._pcap.flush()
        if self._initiator.outbox:
            self._send_outbox()
        if (self._initiator.session is not None) != self._up:
            self._change()

    def _send_outbox(self) -> None:
        datagrams, self._initiator.outbox = self._initiator.outbox, []
        for datagram in datagrams:
            self._transmit(datagram)

    def _change(self) -> None:
        self._up = not self._up
        if self._up:
            self._on_up()

    def _transmit(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError as error:
            self._socket_failed(error)

    def _socket_failed(self, error: OSError) -> None:
        """A closed port is the daemon's end, until it is back; a datagram for which there is no room is dropped."""
        if error.errno == errno.ECONNREFUSED:
            self._initiator.refused()

    def _write(self, packet: bytes) -> None:
        try:
            os.write(self._tun, packet)
        except OSError as error:
            self._device_failed(error)

    def _device_failed(self, error: OSError) -> None:
        """Without its device the tunnel is over; a packet that the kernel does not want is dropped."""
        if error.errno in DEVICE_GONE and self._timer:
            self._detach()
            self._on_lost(f"the jail's TUN device is gone: {error.strerror}")

    def _detach(self) -> None:
        if self._timer:
            self._poller.cancel(self._timer)
            self._poller.on_readable(self._socket.fileno(), None)
            self._poller.on_readable(self._tun, None)
        self._timer = 0


def _nothing() -> None:
    pass
