"""The socket of a tunnel."""

from __future__ import annotations

import socket

from ccproxy.jail.errors import JailError
from ccproxy.jail.ticket import Ticket

PIECE = 65536
"""As large as a datagram can be."""
BUFFER_BYTES = 4 << 20
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
"""Beyond the system's limits, for root only. <asm-generic/socket.h>"""


def udp_socket(ticket: Ticket) -> socket.socket:
    """A socket that talks to a ticket's listener and hears nobody else. Raises JailError."""
    family = socket.AF_INET6 if ":" in ticket.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.connect((ticket.host, ticket.port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise JailError(f"the daemon's listener cannot be reached: {error}") from error
    for forced, option in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        _enlarge(sock, forced, option)
    return sock


def _enlarge(sock: socket.socket, forced: int, option: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
