"""A second opinion on which addresses are not the public internet's, by the registries and nobody's library.

The rows are those of IANA's special-purpose registries (as of 2025) whose "Globally Reachable" is not simply True, with
multicast, and with what IANA has given to nobody. Those that are True there but are answered by whoever is nearest
(AS112, relays) are not among them: whether they are refused is for the program to say.
"""

from __future__ import annotations

import socket

V4 = (
    ("0.0.0.0", 8), ("10.0.0.0", 8), ("100.64.0.0", 10), ("127.0.0.0", 8), ("169.254.0.0", 16), ("172.16.0.0", 12),
    ("192.0.0.0", 24), ("192.0.2.0", 24), ("192.88.99.0", 24), ("192.168.0.0", 16), ("198.18.0.0", 15),
    ("198.51.100.0", 24), ("203.0.113.0", 24), ("224.0.0.0", 4), ("240.0.0.0", 4),
)  # fmt: skip
V6 = (("2001::", 23), ("2001:db8::", 32), ("2002::", 16), ("3fff::", 20))
"""Within 2000::/3. All outside of it is special, but for the two that hold an IPv4 address."""
METADATA = ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
"""Where clouds tell a machine its secrets."""
HOLDING = ("::ffff:0:0", "64:ff9b::")
"""An IPv4 address follows, by which they are judged."""


def number(text: str) -> tuple[int, int]:
    """An address as a number, with how many bits it has."""
    data = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    return int.from_bytes(data), len(data) * 8


def starts(value: int, bits: int, prefix: str, length: int) -> bool:
    """Whether an address belongs to a network."""
    return value >> (bits - length) == number(prefix)[0] >> (bits - length)


def is_private(text: str) -> bool:
    """True for what no URL of a stranger may lead to."""
    value, bits = number(text)
    if text in METADATA:
        return True
    if bits == 32:
        return any(starts(value, 32, *row) for row in V4)
    for prefix in HOLDING:
        if starts(value, 128, prefix, 96):
            return is_private(socket.inet_ntop(socket.AF_INET, (value & 0xFFFFFFFF).to_bytes(4)))
    return value >> 125 != 0b001 or any(starts(value, 128, *row) for row in V6)
