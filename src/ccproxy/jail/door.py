"""A listening socket on one side of the jail's wall whose connections are carried to an address on the other side."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence

from ccproxy.jail.poll import Poller
from ccproxy.jail.relay import Relay, close, reset_at_close

type Address = tuple[int, str, int]
"""Family, host and port."""
type MakeSocket = Callable[[int], socket.socket]
"""A TCP socket of a family, in the network namespace where the dialling is done."""
type Where = Callable[[], Sequence[Address]]
"""The addresses to try, asked anew for each connection."""

OUT_OF_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
OUT_OF_ROOM_PAUSE_SECONDS = 0.25


def host_socket(family: int) -> socket.socket:
    """A TCP socket in the namespace of this process."""
    return socket.socket(family, socket.SOCK_STREAM)


class _Dial:
    """Tries the addresses one after the other, then relays; a client for whom none answers is reset."""

    def __init__(self, door: Door, client: socket.socket, addresses: list[Address]) -> None:
        self._door, self._client, self._addresses = door, client, addresses
        self._next()

    def _next(self) -> None:
        while self._addresses:
            family, host, port = self._addresses.pop(0)
            try:
                self._begin(self._door.make_socket(family), host, port)
            except OSError:
                continue
            return
        reset_at_close(self._client)
        self._client.close()

    def _begin(self, sock: socket.socket, host: str, port: int) -> None:
        sock.setblocking(False)
        code = sock.connect_ex((host, port))
        if code not in {0, errno.EINPROGRESS}:
            sock.close()
            raise OSError(code, "connect")
        self._door.poller.on_writable(sock.fileno(), lambda: self._connected(sock))

    def _connected(self, sock: socket.socket) -> None:
        self._door.poller.on_writable(sock.fileno(), None)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            sock.close()
            self._next()
        else:
            self._door.relay(self._client, sock)


class Door:
    """Serves `listener`, which it owns, until `close`. Connections that are open then go on. `inward`: it leads into
    the jail, not out of it."""

    def __init__(
        self, poller: Poller, listener: socket.socket, make_socket: MakeSocket, where: Where, *, inward: bool = True
    ) -> None:
        self.poller, self.make_socket, self._inward = poller, make_socket, inward
        self._listener, self._where = listener, where
        self._relays: set[Relay] = set()
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Takes no more connections."""
        close(self.poller, self._listener)

    def settled(self) -> bool:
        """Whether all that processes inside have sent before their end has left the jail."""
        return all(relay.passed_on(other=self._inward) for relay in self._relays)

    def relay(self, client: socket.socket, upstream: socket.socket) -> None:
        """Carries bytes between the two from now on."""
        self._relays.add(Relay(self.poller, client, upstream, self._relays.discard))

    def _listen(self) -> None:
        if self._listener.fileno() >= 0:
            self.poller.on_readable(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_ROOM:
                self._pause()
            return
        client.setblocking(False)
        _Dial(self, client, list(self._where()))

    def _pause(self) -> None:
        """Without descriptors the listener would stay readable for ever."""
        self.poller.on_readable(self._listener.fileno(), None)
        self.poller.after(OUT_OF_ROOM_PAUSE_SECONDS, self._listen)
