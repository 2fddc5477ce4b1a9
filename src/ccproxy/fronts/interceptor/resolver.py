"""The resolver of a jail: what is asked of 10.0.0.53 is answered as this machine would resolve it."""

from __future__ import annotations

import asyncio
import socket
import struct
from ipaddress import ip_address

import mitmproxy_rs
from mitmproxy import dns
from mitmproxy.flow import Error
from mitmproxy.net.dns import classes, op_codes, response_codes, types

from ccproxy.config.hostglobs import canonical
from ccproxy.fronts.interceptor.forwarding import forward
from ccproxy.fronts.interceptor.hosts_file import HostsFile
from ccproxy.fronts.interceptor.jails import has_ipv6
from ccproxy.fronts.interceptor.readings import RESOLVER, address_of

LOOKUP_SECONDS = 10.0
LOCAL = {types.A: "127.0.0.1", types.AAAA: "::1"}
FAMILIES = {types.A: socket.AF_INET, types.AAAA: socket.AF_INET6}
VERSIONS = {types.A: 4, types.AAAA: 6}
CODES = {socket.EAI_NONAME: response_codes.NXDOMAIN, getattr(socket, "EAI_NODATA", -5): response_codes.NOERROR}


class Resolver:
    """A mitmproxy addon. Without IPv6 on this machine, names have no IPv6 addresses: a jail would dial them in vain."""

    def __init__(self, ipv6: bool | None = None) -> None:
        self._ipv6 = has_ipv6() if ipv6 is None else ipv6
        self._hosts = HostsFile()
        self._resolver: mitmproxy_rs.dns.DnsResolver | None = None
        self._servers: list[str] = []

    async def dns_request(self, flow: dns.DNSFlow) -> None:
        """Answers a query, if it is for us and nobody has answered yet."""
        if address_of(flow) != RESOLVER or flow.response or flow.error:
            return
        try:
            flow.response = await self._answer(flow.request, flow.client_conn.transport_protocol == "tcp")
        except (OSError, ValueError, struct.error) as error:
            flow.error = Error(f"{_asked(flow.request)} cannot be resolved: {str(error) or type(error).__name__}")

    async def _answer(self, query: dns.DNSMessage, tcp: bool) -> dns.DNSMessage:
        question = query.question
        if not query.query or question is None:
            return query.fail(response_codes.FORMERR)
        if query.op_code != op_codes.QUERY:
            return query.fail(response_codes.NOTIMP)
        last = canonical(question.name).rpartition(".")[2]
        if last == "invalid":
            return query.fail(response_codes.NXDOMAIN)
        if last == "localhost":
            return _found(query, [LOCAL[question.type]] if question.type in LOCAL else [])
        if question.class_ != classes.IN or question.type not in FAMILIES:
            return await forward(query, _first_server(), tcp)
        if question.type == types.AAAA and not self._ipv6:
            return _found(query, [])
        return self._by_hosts_file(query, question) or await self._look_up(query, question)

    def _by_hosts_file(self, query: dns.DNSMessage, question: dns.Question) -> dns.DNSMessage | None:
        known = self._hosts.addresses(question.name)
        if known is None:
            return None
        version = VERSIONS[question.type]
        return _found(query, [str(address) for address in known if address.version == version])

    async def _look_up(self, query: dns.DNSMessage, question: dns.Question) -> dns.DNSMessage:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return _found(query, await self._addresses(question.name, question.type))
        except socket.gaierror as error:
            code = CODES.get(error.args[0])
            if code is None:
                raise
            return query.fail(code) if code else _found(query, [])

    async def _addresses(self, name: str, type_: int) -> list[str]:
        servers = name_servers()
        if not servers:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(name, None, family=FAMILIES[type_], type=socket.SOCK_STREAM)
            return [str(entry[4][0]) for entry in found]
        resolver = self._current(servers)
        return await (resolver.lookup_ipv4(name) if type_ == types.A else resolver.lookup_ipv6(name))

    def _current(self, servers: list[str]) -> mitmproxy_rs.dns.DnsResolver:
        """Made anew when the machine changes networks."""
        if self._resolver is None or servers != self._servers:
            self._resolver = mitmproxy_rs.dns.DnsResolver(name_servers=servers, use_hosts_file=False)
            self._servers = servers
        return self._resolver


def name_servers() -> list[str]:
    """The machine's name servers, none if it tells none: no resolv.conf, or a resolver behind a Unix socket."""
    try:
        return mitmproxy_rs.dns.get_system_dns_servers()
    except RuntimeError:
        return []


def _first_server() -> str:
    servers = name_servers()
    if not servers:
        raise OSError("this machine tells no name server")
    return servers[0]


def _found(query: dns.DNSMessage, addresses: list[str]) -> dns.DNSMessage:
    question = query.questions[0]
    ttl = dns.ResourceRecord.DEFAULT_TTL
    records = [
        dns.ResourceRecord(question.name, question.type, question.class_, ttl, ip_address(text).packed)
        for text in addresses
    ]
    return query.succeed(records)


def _asked(query: dns.DNSMessage) -> str:
    return ", ".join(question.name for question in query.questions) or "a query without a question"
