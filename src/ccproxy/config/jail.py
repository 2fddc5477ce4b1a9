"""`jail`: what holds for every jail. A jail's own flags come on top."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator
from pydantic_core import PydanticKnownError

from ccproxy.config import hostglobs
from ccproxy.config.section import Section
from ccproxy.config.values import wrong

type Network = IPv4Network | IPv6Network


def _glob(value: str) -> str:
    try:
        hostglobs.parse(value)
    except ValueError as error:
        raise wrong(str(error), "for example api.example.com, '*.example.com' or 192.0.2.7:443") from None
    return value


def _network(value: object) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    try:
        return _plain(ip_network(value))
    except ValueError as error:
        bits = "has host bits set" in str(error)
        hint = f"write {ip_network(value, strict=False)}" if bits else "for example 192.168.1.20 or 10.0.0.0/8"
        raise wrong(
            "is an address with a prefix that does not end at it" if bits else "is not a network", hint
        ) from None


def _plain(network: Network) -> Network:
    """`::ffff:10.0.0.0/104` is 10.0.0.0/8."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - MAPPED_BITS))


def _publish(value: object) -> object:
    """A union would complain once for each of its members."""
    if value == "auto":
        return value
    if not isinstance(value, list):
        raise wrong("should be 'auto' or a list of ports", "for example auto, [8085] or []")
    for port in value:
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= hostglobs.LARGEST_PORT:
            raise wrong("holds something that is not a port", "a port is a whole number from 1 to 65535")
    return value


MAPPED_BITS = 96
HostGlobText = Annotated[str, AfterValidator(_glob)]
"""A host name, a glob or an IP address, with a port or without."""
Cidr = Annotated[Network, PlainValidator(_network)]
RealPort = Annotated[int, Field(ge=1, le=hostglobs.LARGEST_PORT)]
Publish = Annotated[Literal["auto"] | list[int], PlainValidator(_publish)]


class Jail(Section):
    """`jail`."""

    strict: bool = False
    """Whether path sockets that lead out are masked and unusual socket families are refused."""
    publish: Publish = "auto"
    """Ports of a jail's loopback that can be reached at the same port of this machine's; auto: those that are
    listened on, from 1024 on."""
    allow_ports: list[RealPort] = Field(default_factory=list)
    """Ports of this machine's loopback that can be reached from inside."""
    only_hosts: list[HostGlobText] = Field(default_factory=list)
    """If there are any, no other host can be reached."""
    deny_hosts: list[HostGlobText] = Field(default_factory=list)
    """Stronger than `only_hosts`."""
    allow_addresses: list[Cidr] = Field(default_factory=list)
    """Private addresses, and this machine's own, that can be reached all the same."""
