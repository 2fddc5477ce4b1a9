"""What flows say about where they go."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from mitmproxy import dns
from mitmproxy.net.dns import https_records, types

from ccproxy.config.hostglobs import Address, canonical
from ccproxy.fronts.interceptor.names import split_authority
from ccproxy.jail.ticket import DNS_ADDRESS

if TYPE_CHECKING:
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow

RESOLVER = (DNS_ADDRESS, 53)
"""Where a jail's queries go by default."""
HINTS: tuple[tuple[int, int, type[IPv4Address] | type[IPv6Address]], ...] = ((4, 4, IPv4Address), (6, 16, IPv6Address))
"""Addresses in HTTPS records (RFC 9460 §7.3): the parameter's number, bytes of one, what it is."""


def address_of(flow: Flow) -> tuple[str, int]:
    """Where a flow goes, as the client dialled it."""
    host, port = (flow.server_conn.address or ("", 0))[:2]
    return host, port


def named(flow: HTTPFlow) -> Iterator[str]:
    """The hosts that a request names: TLS server name, authority, and every Host field."""
    texts = [flow.client_conn.sni or "", flow.request.authority, *flow.request.headers.get_all("host")]
    return (host for text in texts if (host := split_authority(text)[0]))


def is_local(name: str) -> bool:
    """RFC 6761 §6.3: answered by the resolver itself."""
    return canonical(name).rpartition(".")[2] == "localhost"


def can_be_written(message: dns.DNSMessage) -> bool:
    """mitmproxy reads names (labels with dots in them) that it cannot write."""
    try:
        return bool(message.packed)
    except (ValueError, struct.error):
        return False


def addresses_in(record: dns.ResourceRecord) -> list[Address]:
    """The addresses that a record of an answer tells, hints too; none if it cannot be read."""
    try:
        if record.type == types.A:
            return [record.ipv4_address]
        if record.type == types.AAAA:
            return [record.ipv6_address]
        if record.type in (types.HTTPS, types.SVCB):
            return list(_hints(https_records.unpack(record.data).params))
    except (ValueError, struct.error):
        pass
    return []


def _hints(parameters: dict[int, bytes]) -> Iterator[Address]:
    for number, size, kind in HINTS:
        packed = parameters.get(number, b"")
        for start in range(0, len(packed) - size + 1, size):
            yield kind(packed[start : start + size])
