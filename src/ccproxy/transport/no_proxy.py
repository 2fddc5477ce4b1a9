"""NO_PROXY: which origins are reached directly although a proxy is named. The meaning is curl's and Go's together."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ccproxy.exchange import Origin

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network
type Rule = Callable[[str, Address | None], bool]
"""Tells whether a host, in lower case, and the address that it is, if it is one, are meant."""

PORT = re.compile(r"(.+?):([0-9]{1,5})")


class Exceptions:
    """The entries of NO_PROXY: names with all below them, addresses, networks, `*`, each with a port if it is to count
    for that alone. An entry that is none of these is a name that nobody has.

    Args:
        text: entries with commas or blanks between them.
    """

    def __init__(self, text: str) -> None:
        self._rules = [entry(part) for part in re.split(r"[\s,]+", text.lower()) if part]

    def hold(self, origin: Origin) -> bool:
        """True if an origin is to be reached directly."""
        host, address = origin.host.lower().rstrip("."), as_address(origin.host)
        return any(rule(host, address) for rule, port in self._rules if port in (None, origin.port))


def is_this_machine(host: str) -> bool:
    """True for loopback: its addresses, and the names that always mean them (RFC 6761 §6.3)."""
    address = as_address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def as_address(text: str) -> Address | None:
    """The address that a text is, one of IPv4 within IPv6 unwrapped; None if it is none."""
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def entry(text: str) -> tuple[Rule, int | None]:
    """One entry as a rule and the port that it is for."""
    network = as_network(text)
    if network is not None:
        return in_network(network), None
    ported = PORT.fullmatch(text)
    if ported is None or as_address(text) is not None:
        return named(text), None
    return named(ported[1]), int(ported[2])


def as_network(text: str) -> Network | None:
    """The network that a text is (CIDR); None if it is none."""
    try:
        return ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def in_network(network: Network) -> Rule:
    """The rule for addresses of a network."""
    return lambda _, address: address is not None and address in network


def named(text: str) -> Rule:
    """The rule for an address, a name and those below it, or all."""
    if text == "*":
        return lambda *_: True
    wanted = as_address(text)
    if wanted is not None:
        return lambda _, address: address == wanted
    name = text.removeprefix("*").strip(".")
    return lambda host, address: address is None and (host == name or host.endswith(f".{name}"))
