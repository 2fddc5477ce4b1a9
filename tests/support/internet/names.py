"""What the names of this internet mean.

`*.nx.test` does not exist; `*.six.test` has an IPv6 address too, `*.only6.test` no other; `a-b-c-d.ip.test` is a.b.c.d,
whatever that is; every other name has an address of its own in 198.18.0.0/15.
"""

from __future__ import annotations

import hashlib
import socket

MISSING, BOTH, ONLY6, LITERAL = ".nx.test", ".six.test", ".only6.test", ".ip.test"


def exists(name: str) -> bool:
    """Whether there is such a name."""
    return not name.lower().endswith(MISSING)


def address4(name: str) -> str | None:
    """The IPv4 address of a name, if it has one."""
    name = name.lower()
    if name.endswith(ONLY6):
        return None
    if name.endswith(LITERAL):
        return name.removesuffix(LITERAL).replace("-", ".")
    number = int.from_bytes(_digest(name)[:4]) % (1 << 17)
    return socket.inet_ntoa((0xC6120000 + number).to_bytes(4))


def address6(name: str) -> str | None:
    """The IPv6 address of a name, if it has one."""
    if not name.lower().endswith((BOTH, ONLY6)):
        return None
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex("20010db8") + _digest(name.lower())[:12])


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
