"""Which hosts a jail may reach: decided where a name is asked for, where a connection begins, and for each request."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from mitmproxy import dns
from mitmproxy.net.dns import https_records, response_codes, types

from ccproxy.config.hostglobs import Address, as_address, canonical
from ccproxy.fronts.interceptor import doh
from ccproxy.fronts.interceptor.addresses import OwnAddresses, special, spellings
from ccproxy.fronts.interceptor.handover import BLOCKED
from ccproxy.fronts.interceptor.names import Memory, rules_of, split_authority
from ccproxy.jail.ticket import DNS_ADDRESS

if TYPE_CHECKING:
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData
    from mitmproxy.tcp import TCPFlow
    from mitmproxy.udp import UDPFlow

    from ccproxy.config.jail import Jail as Settings
    from ccproxy.fronts.interceptor.first_to_speak import Beginning
    from ccproxy.fronts.interceptor.jail import Jail

type OnBlocked = Callable[[str, str], None]

RESOLVER = (DNS_ADDRESS, 53)
DNS_PORTS = (53, 5353)
DNS_OVER_TLS = 853
HINTS: tuple[tuple[int, int, type[IPv4Address] | type[IPv6Address]], ...] = ((4, 4, IPv4Address), (6, 16, IPv6Address))
"""Addresses in HTTPS records (RFC 9460 §7.3): the parameter's number, bytes of one, what it is."""
MARK = "blocked: "
TOLD = 1000


class Policy:
    """The rules of one jail. A mitmproxy addon. Raises ValueError for hosts of the jail that are no patterns.

    `on_blocked` is told the host and the reason, the first time.
    """

    def __init__(
        self, jail: Jail, settings: Settings, addresses: OwnAddresses, on_blocked: OnBlocked | None = None
    ) -> None:
        request = jail.request
        configured = (settings.only_hosts, settings.deny_hosts)
        self._rules = rules_of(configured, (request.only_hosts, request.deny_hosts))
        self._allowed = tuple(settings.allow_addresses)
        self._own, self._on_blocked = addresses, on_blocked
        self._memory = Memory()
        self._told: set[tuple[str, str]] = set()

    def names(self, address: str) -> tuple[str, ...]:
        """The names that an address was the answer for."""
        parsed = as_address(address)
        return self._memory.names(parsed) if parsed else ()

    def connection_begins(self, beginning: Beginning) -> None:
        """Nobody waits for the first bytes of what is denied anyway. DNS is answered instead."""
        host, port = beginning.address
        beginning.denied = port not in DNS_PORTS and self._destination(host, port) is not None

    def dns_request(self, flow: dns.DNSFlow) -> None:
        """Answers a query for a denied name, or to a denied resolver."""
        # mitmproxy takes a query for the same as an earlier one if it has its number.
        flow.response = flow.error = None
        flow.metadata.pop(BLOCKED, None)
        if not _can_be_written(flow.request):
            flow.request.questions.clear()
            flow.response = flow.request.fail(response_codes.FORMERR)
            return
        host, reason = self._asked(flow.request) or self._asked_of(*address_of(flow))
        if reason is not None:
            self._mark(flow, host, reason)
            flow.response = flow.request.fail(response_codes.REFUSED)

    def dns_response(self, flow: dns.DNSFlow) -> None:
        """Remembers which addresses a name has, if it was our resolver that said so."""
        question = flow.request.question
        if flow.response is None or question is None or address_of(flow) != RESOLVER:
            return
        for record in flow.response.answers:
            self._memory.remember(question.name, _addresses(record))

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Ends a connection before it is made."""
        host, port = (data.server.address or ("", 0))[:2]
        reason = self._destination(host, port)
        if reason is None and data.client.sni:
            host, reason = data.client.sni, self._name(data.client.sni, host, port)
        if reason is not None:
            data.server.error = f"{MARK}{reason}"
            self._tell(host, reason)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Ends a request for a denied host, whatever address it was sent to."""
        host, port = address_of(flow)
        reason = self._destination(host, port)
        for name in named(flow):
            if reason is None and (reason := self._name(name, host, port)):
                host = name
        if reason is None:
            reason = self._query(flow)
        if reason is not None:
            self._mark(flow, host, reason)
            if flow.killable:
                flow.kill()  # type: ignore[no-untyped-call]

    def error(self, flow: Flow) -> None:
        """Tells a flow that `server_connect` has ended from one that failed."""
        if flow.error and MARK in flow.error.msg and BLOCKED not in flow.metadata:
            flow.metadata[BLOCKED] = flow.error.msg.partition(MARK)[2]

    def tcp_error(self, flow: TCPFlow) -> None:
        """The same."""
        self.error(flow)

    def udp_error(self, flow: UDPFlow) -> None:
        """The same."""
        self.error(flow)

    def dns_error(self, flow: dns.DNSFlow) -> None:
        """The same."""
        self.error(flow)

    def _destination(self, host: str, port: int) -> str | None:
        address = as_address(host)
        if address is None:
            return f"{host!r} is not an address"
        if port == DNS_OVER_TLS and self._rules.about_names:
            return "DNS over TLS hides which names are asked for, and there are rules about names"
        return self._special(address) or self._rules.address(address, port, self._memory.names(address))

    def _special(self, address: Address) -> str | None:
        for spelt in spellings(address):
            if any(spelt in network for network in self._allowed):
                continue
            what = special(spelt) or ("this machine's own address" if spelt in self._own else "")
            if what:
                through = f" (through {address})" if spelt != address else ""
                return f"{spelt}{through} is {what}, and jail.allow_addresses does not have it"
        return None

    def _name(self, name: str, host: str, port: int) -> str | None:
        """What the rules say of the name in a request to an address, which may be the address itself."""
        address = as_address(name)
        if address is None:
            return self._rules.name(name, port)
        return None if address == as_address(host) else self._rules.address(address, port, ())

    def _query(self, flow: HTTPFlow) -> str | None:
        if not self._rules.about_names:
            return None
        try:
            verdicts = (self._rules.name(name, None) for name in doh.asked(flow.request))
            return next((reason for reason in verdicts if reason), None)
        except doh.Unreadable:
            return "this DNS over HTTPS hides which names are asked for, and there are rules about names"

    def _asked(self, query: dns.DNSMessage) -> tuple[str, str] | None:
        for name in (question.name for question in query.questions):
            if not _is_local(name) and (reason := self._rules.name(name, None)):
                return name, reason
        return None

    def _asked_of(self, host: str, port: int) -> tuple[str, str | None]:
        return host, None if (host, port) == RESOLVER else self._destination(host, port)

    def _mark(self, flow: Flow, host: str, reason: str) -> None:
        flow.metadata[BLOCKED] = reason
        self._tell(host, reason)

    def _tell(self, host: str, reason: str) -> None:
        if self._on_blocked is None or (host, reason) in self._told:
            return
        if len(self._told) >= TOLD:
            self._told.clear()
        self._told.add((host, reason))
        self._on_blocked(host, reason)


def address_of(flow: Flow) -> tuple[str, int]:
    """Where a flow goes, as the client dialled it."""
    host, port = (flow.server_conn.address or ("", 0))[:2]
    return host, port


def named(flow: HTTPFlow) -> Iterator[str]:
    """The hosts that a request names: TLS server name, authority, and every Host field."""
    texts = [flow.client_conn.sni or "", flow.request.authority, *flow.request.headers.get_all("host")]
    return (host for text in texts if (host := split_authority(text)[0]))


def _is_local(name: str) -> bool:
    """RFC 6761 §6.3: answered by the resolver itself."""
    return canonical(name).rpartition(".")[2] == "localhost"


def _can_be_written(message: dns.DNSMessage) -> bool:
    """mitmproxy reads names (labels with dots in them) that it cannot write."""
    try:
        return bool(message.packed)
    except (ValueError, struct.error):
        return False


def _addresses(record: dns.ResourceRecord) -> list[Address]:
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
