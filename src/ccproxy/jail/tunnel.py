"""The jail's way out: packets of its TUN device to the daemon's WireGuard listener, and back."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ccproxy.jail.connections import Connections
from ccproxy.jail.device import Device, DeviceGone
from ccproxy.jail.errors import JailError
from ccproxy.jail.keylog import KeyLog, wireguard_lines
from ccproxy.jail.noise import Identity, State
from ccproxy.jail.pcap import Pcap
from ccproxy.jail.poll import Poller
from ccproxy.jail.ticket import Ticket
from ccproxy.jail.udp import PIECE, udp_socket
from ccproxy.jail.wireguard import Initiator

TICK_SECONDS = 0.25
BATCH = 64
"""Packets per call, so that neither direction starves the other."""


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
        self._keylog = KeyLog(keylog, say) if keylog else None
        self._device = Device(tun, Pcap(pcap, say) if pcap else None)
        self._poller, self._timer, self._earlier = poller, 0, 0
        self._up, self._on_up, self._on_lost = False, _nothing, say
        self._connections = Connections()
        self._initiator, self._socket = self._initiator_of(ticket), udp_socket(ticket)

    @property
    def handshakes(self) -> int:
        """How many have succeeded."""
        return self._earlier + self._initiator.handshakes

    @property
    def sent_bytes(self) -> int:
        """Of packets from inside."""
        return self._device.bytes_out

    @property
    def received_bytes(self) -> int:
        """Of packets for inside."""
        return self._device.bytes_in

    def start(self, on_up: Callable[[], None], on_lost: Callable[[str], None]) -> None:
        """Begins. `on_up` is called at the first handshake and after each recovery, `on_lost` at most once, with what
        ended the tunnel for good."""
        self._on_up, self._on_lost = on_up, on_lost
        self._device.open()
        self._poller.on_readable(self._socket.fileno(), self._from_daemon)
        self._poller.on_readable(self._device.fd, self._from_jail)
        self._timer = self._poller.every(TICK_SECONDS, self._tick)
        self._tick()

    def move(self, ticket: Ticket) -> None:
        """Goes on with another listener and other keys. Raises JailError for a ticket without sense."""
        if not self._timer:
            return
        initiator, sock = self._initiator_of(ticket), udp_socket(ticket)
        self._poller.on_readable(self._socket.fileno(), None)
        self._socket.close()
        self._earlier += self._initiator.handshakes
        self._initiator, self._socket, self._up = initiator, sock, False
        self._poller.on_readable(sock.fileno(), self._from_daemon)
        self._break_connections()
        self._tick()

    def close(self) -> None:
        """Ends the tunnel and its files; may be called twice."""
        self._detach()
        self._socket.close()
        self._device.close()
        if self._keylog:
            self._keylog.close()

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
        now, read, see, send = time.monotonic(), self._device.read, self._connections.see, self._initiator.send
        try:
            for _ in range(BATCH):
                packet = read()
                if packet is None:
                    break
                if reset := see(packet):
                    self._device.deliver(reset)
                elif datagram := send(packet, now):
                    self._transmit(datagram)
        except DeviceGone as gone:
            self._lose(gone)
        self._settle()

    def _from_daemon(self) -> None:
        now, recv, receive = time.monotonic(), self._socket.recv, self._initiator.receive
        deliver = self._device.deliver
        try:
            for _ in range(BATCH):
                if packet := receive(recv(PIECE), now):
                    deliver(packet)
        except BlockingIOError:
            pass
        except OSError as error:
            self._socket_failed(error)
        except DeviceGone as gone:
            self._lose(gone)
        self._settle()

    def _tick(self) -> None:
        self._initiator.tick(time.monotonic())
        self._settle()

    def _settle(self) -> None:
        """Does what a batch has left to do."""
        try:
            self._device.flush()
        except DeviceGone as gone:
            self._lose(gone)
        outbox = self._initiator.outbox
        while outbox:
            self._transmit(outbox.pop(0))
        if (self._initiator.session is not None) != self._up:
            self._change()

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
            self._break_connections()

    def _break_connections(self) -> None:
        """Their other ends went with the daemon."""
        try:
            for packet in self._connections.break_all():
                self._device.deliver(packet)
        except DeviceGone as gone:
            self._lose(gone)

    def _lose(self, gone: DeviceGone) -> None:
        if self._timer:
            self._detach()
            self._on_lost(f"its TUN device is gone ({gone})")

    def _detach(self) -> None:
        if self._timer:
            self._poller.cancel(self._timer)
            self._poller.on_readable(self._socket.fileno(), None)
            self._poller.on_readable(self._device.fd, None)
        self._timer = 0


def _nothing() -> None:
    pass
