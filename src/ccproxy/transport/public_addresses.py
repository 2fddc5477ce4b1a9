"""Which addresses are the public internet's, so that a URL of anybody's may lead there.

Sources: the IANA special-purpose registries of IPv4 and IPv6 (RFC 6890), which `ipaddress` knows in part only, and the
list of what IANA has given to networks at all (https://www.iana.org/assignments/ipv6-address-space).
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

from ccproxy.transport.no_proxy import Address

SPECIAL = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments: the nearest router (RFC 7723), the nearest relay (RFC 8155)
            "192.31.196.0/24",  # AS112, answered by whoever is near (RFC 7535)
            "192.52.193.0/24",  # the nearest relay of multicast (RFC 7450)
            "192.88.99.0/24",  # the nearest relay of 6to4 (RFC 7526)
            "192.175.48.0/24",  # AS112 (RFC 7534)
            "168.63.129.16/32",  # Azure's own services, as its machines see them
            "2001::/23",  # protocol assignments: Teredo, ORCHID, the nearest router and relay
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which leads to any IPv4 address (RFC 3056)
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
"""Networks that are no place for a file, whatever `is_global` says of them."""

GIVEN = IPv6Network("2000::/3")
"""All else of IPv6 is private, reserved, or another way to write an IPv4 address."""


def _last(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


WRAPPED: tuple[tuple[IPv6Network, Callable[[IPv6Address], IPv4Address]], ...] = (
    (IPv6Network("::ffff:0:0/96"), _last),  # IPv4-mapped (RFC 4291 §2.5.5.2)
    (IPv6Network("64:ff9b::/96"), _last),  # NAT64: all there is of IPv4 where there is IPv6 only (RFC 6052 §2.1)
)
"""Addresses that are as public as the IPv4 address in them."""

ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The upper half of an interface id whose lower half is an IPv4 address, to which it leads (RFC 5214 §6.1)."""


def is_public(address: Address) -> bool:
    """True for what can only be a machine of the public internet, not of this house nor of a provider's inner side."""
    if isinstance(address, IPv4Address):
        return _is_ordinary(address)
    for network, inner in WRAPPED:
        if address in network:
            return is_public(inner(address))
    if (int(address) >> 32) & 0xFFFFFFFF in ISATAP and not is_public(_last(address)):
        return False
    return address in GIVEN and address.scope_id is None and _is_ordinary(address)


def _is_ordinary(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or any(address in network for network in SPECIAL)
    return address.is_global and not special
