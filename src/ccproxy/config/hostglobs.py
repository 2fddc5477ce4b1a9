"""Patterns of hosts, as `jail.only_hosts` and `jail.deny_hosts` and the flags of their names hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

type Address = IPv4Address | IPv6Address

DOTS = re.compile("[.\u3002\uff0e\uff61]")
"""What stands between labels (RFC 3490 §3.1)."""
SHAPE = re.compile(r"(?=.{1,253}\Z)[a-z0-9_*?-]{1,63}(\.[a-z0-9_*?-]{1,63})*", re.ASCII)
WITH_PORT = re.compile(r"(\[[^\[\]]*\]|[^:]*):([0-9]{1,5})", re.ASCII)
LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class HostGlob:
    """A host, or hosts: `*` stands for any characters (dots too), `?` for one."""

    text: str
    """As it was written."""
    port: int | None
    """The only port it is about; None means all."""
    address: Address | None
    """If it is an IP address."""
    pattern: re.Pattern[str]

    def matches_name(self, name: str) -> bool:
        """Whether it is about this name, which is in the form that `canonical` gives."""
        return self.address is None and self.pattern.fullmatch(name) is not None

    def matches_address(self, address: Address) -> bool:
        """Whether it is about this address; one that `plain` gave."""
        if self.address is not None:
            return self.address == address
        return self.pattern.fullmatch(str(address)) is not None


def parse(text: str) -> HostGlob:
    """The pattern that a text is. Raises ValueError, whose text ends the sentence that begins with the pattern."""
    host, port = _split(text.strip())
    if any(not label.isascii() and set("*?") & set(label) for label in DOTS.split(host)):
        raise ValueError("has a wildcard beside letters that are not ASCII; give them a label of their own")
    address = as_address(host)
    name = str(address) if address else canonical(host)
    if address is None and not SHAPE.fullmatch(name):
        raise ValueError(_complaint(host))
    return HostGlob(text, port, address, re.compile(_expression(name)))


def canonical(name: str) -> str:
    """A name as it is compared: lower case, in ASCII (RFC 3490), without the dot at its end."""
    return ".".join(_ascii(label) for label in DOTS.split(name)).rstrip(".")


def as_address(text: str) -> Address | None:
    """The address that a text is, with brackets or without; None if it is none."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return plain(ip_address(inner))
    except ValueError:
        return None


def plain(address: Address) -> Address:
    """An address that stands for an IPv4 address (`::ffff:192.0.2.1`) as that; without its zone."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _split(text: str) -> tuple[str, int | None]:
    if as_address(text) is not None or not (match := WITH_PORT.fullmatch(text)):
        return text, None
    port = int(match[2])
    if not 1 <= port <= LARGEST_PORT:
        raise ValueError(f"ends with {port}, which is no port")
    return match[1], port


def _ascii(label: str) -> str:
    if label.isascii():
        return label.lower()
    try:
        return label.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return label.lower()


def _expression(name: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(character) or re.escape(character) for character in re.sub(r"\*+", "*", name))


def _complaint(host: str) -> str:
    if "://" in host:
        return "is a URL; write the host name alone"
    if "/" in host:
        return "is a network or a path; write a host name, with '*' for any part of it"
    if not host:
        return "names no host"
    return "is neither a host name, with '*' for any part of it, nor an IP address"
