"""Which addresses are not the internet: private, special, and this machine's own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from ccproxy.config.hostglobs import Address, plain
from ccproxy.fronts.interceptor.interfaces import interface_addresses

log = logging.getLogger(__name__)

type Network = IPv4Network | IPv6Network

SPECIAL: tuple[tuple[str, str], ...] = (
    ("169.254.169.254/32", "the cloud's metadata service"),
    ("100.100.100.200/32", "the cloud's metadata service"),  # Alibaba
    ("168.63.129.16/32", "the cloud's metadata service"),  # Azure: not in any special range
    ("fd00:ec2::254/128", "the cloud's metadata service"),
    ("0.0.0.0/8", "an unspecified address"),
    ("127.0.0.0/8", "a loopback address"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "a carrier's private address"),
    ("169.254.0.0/16", "a link-local address"),
    ("224.0.0.0/4", "a multicast address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.88.99.0/24", "a reserved address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::/128", "an unspecified address"),
    ("::1/128", "a loopback address"),
    ("fe80::/10", "a link-local address"),
    ("fc00::/7", "a private address"),
    ("fec0::/10", "a private address"),
    ("ff00::/8", "a multicast address"),
    ("64:ff9b:1::/48", "a private address"),  # NAT64 of the local network (RFC 8215)
    ("64:ff9b::/96", ""),
    ("::ffff:0:0:0/96", ""),
    ("2001:10::/28", "a reserved address"),
    ("2001:20::/28", "a reserved address"),
    ("2000::/3", ""),
    ("::/0", "a reserved address"),
)
"""The IANA's special-purpose registries (RFC 6890), first match. The ranges for documentation and benchmarks are left
out: nobody has them, and tests take them for the internet. Empty: nothing special."""
SPECIALS: tuple[tuple[Network, str], ...] = tuple((ip_network(text), word) for text, word in SPECIAL)

LOW32 = 0xFFFFFFFF
EMBEDDED: tuple[tuple[IPv6Network, int, int], ...] = (
    (IPv6Network("::/96"), 0, 0),  # "IPv4-compatible" (RFC 4291 §2.5.5.1)
    (IPv6Network("::ffff:0:0:0/96"), 0, 0),  # IPv4-translated (RFC 2765)
    (IPv6Network("64:ff9b::/96"), 0, 0),  # NAT64 (RFC 6052)
    (IPv6Network("2002::/16"), 80, 0),  # 6to4 (RFC 3056)
    (IPv6Network("2001::/32"), 64, 0),  # Teredo's server (RFC 4380)
    (IPv6Network("2001::/32"), 0, LOW32),  # Teredo's client, inverted
)
"""IPv6 addresses that hold an IPv4 address: in which network, how far from the right, what it is XORed with."""
ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface identifier before an IPv4 address (RFC 5214 §6.1)."""


def spellings(address: Address) -> Iterator[Address]:
    """An address, and the IPv4 addresses to which a router may take it."""
    address = plain(address)
    yield address
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    for network, shift, inverted in EMBEDDED:
        if address in network:
            yield IPv4Address((number >> shift & LOW32) ^ inverted)
    if number >> 32 & LOW32 in ISATAP:
        yield IPv4Address(number & LOW32)


def special(address: Address) -> str:
    """What is special about an address, in words; empty if nothing is."""
    return next((word for network, word in SPECIALS if address in network), "")


class OwnAddresses:
    """The addresses that this machine's interfaces have, asked from the kernel and kept for a moment."""

    def __init__(self, read: Callable[[], Iterable[Address]] | None = None, seconds: float = 2.0) -> None:
        self._read = read or interface_addresses
        self._seconds = seconds
        self._known: frozenset[Address] = frozenset()
        self._until = 0.0

    def __contains__(self, address: object) -> bool:
        now = time.monotonic()
        if now >= self._until:
            self._refresh()
            self._until = now + self._seconds
        return address in self._known

    def _refresh(self) -> None:
        try:
            self._known = frozenset(self._read())
        except OSError as error:
            log.warning("this machine's own addresses cannot be read: %s", error)
