"""Which hosts a jail may reach: decided where a name is asked for, where a connection begins, and for each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mitmproxy.net.dns import response_codes

from ccproxy.fronts.interceptor import doh
from ccproxy.fronts.interceptor.handover import BLOCKED
from ccproxy.fronts.interceptor.hidden import RawStream
from ccproxy.fronts.interceptor.names import rules_of, split_authority
from ccproxy.fronts.interceptor.reach import Reach
from ccproxy.fronts.interceptor.readings import RESOLVER, address_of, addresses_in, can_be_written, named

if TYPE_CHECKING:
    from mitmproxy.dns import DNSFlow
    from mitmproxy.flow import Flow
    from mitmproxy.http import HTTPFlow
    from mitmproxy.proxy.server_hooks import ServerConnectionHookData
    from mitmproxy.tcp import TCPFlow
    from mitmproxy.udp import UDPFlow

    from ccproxy.config.jail import Jail as Settings
    from ccproxy.fronts.interceptor.addresses import OwnAddresses
    from ccproxy.fronts.interceptor.first_to_speak import Beginning
    from ccproxy.fronts.interceptor.jail import Jail

type OnBlocked = Callable[[str, str], None]

DNS_PORTS = (53, 5353)
"""Where mitmproxy reads DNS."""
MARK = "blocked: "
TOLD = 1000


class Policy:
    """The rules of one jail. A mitmproxy addon. Raises ValueError for hosts of the jail that are no patterns.

    `on_blocked` is told the host and the reason, once.
    """

    def __init__(
        self, jail: Jail, settings: Settings, addresses: OwnAddresses, on_blocked: OnBlocked | None = None
    ) -> None:
        configured = (settings.only_hosts, settings.deny_hosts)
        rules = rules_of(configured, (jail.request.only_hosts, jail.request.deny_hosts))
        self._reach = Reach(rules, settings.allow_addresses, addresses)
        self._on_blocked = on_blocked
        self._raw: WeakKeyDictionary[TCPFlow, RawStream] = WeakKeyDictionary()
        self._told: set[tuple[str, str]] = set()

    def names(self, address: str) -> tuple[str, ...]:
        """The names that an address was the answer for, the latest last."""
        return self._reach.names(address)

    def connection_begins(self, beginning: Beginning) -> None:
        """Nobody waits for the first bytes of what is denied anyway. DNS is answered instead."""
        host, port = beginning.address[:2]
        beginning.denied = port not in DNS_PORTS and self._reach.destination(host, port) is not None

    def dns_request(self, flow: DNSFlow) -> None:
        """Answers a query for a denied name, or to a denied resolver."""
        # mitmproxy takes a query for the same as an earlier one if it has its number.
        flow.response = flow.error = None
        flow.metadata.pop(BLOCKED, None)
        if not can_be_written(flow.request):
            flow.request.questions.clear()
            flow.response = flow.request.fail(response_codes.FORMERR)
        elif denied := self._reach.query(flow.request) or self._resolver(*address_of(flow)):
            self._mark(flow, *denied)
            flow.response = flow.request.fail(response_codes.REFUSED)

    def dns_response(self, flow: DNSFlow) -> None:
        """Remembers which addresses a name has, if it was our resolver that said so."""
        question = flow.request.question
        if flow.response is None or question is None or address_of(flow) != RESOLVER:
            return
        for record in flow.response.answers:
            self._reach.memory.remember(question.name, addresses_in(record))

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Ends a connection before it is made."""
        host, port = (data.server.address or ("", 0))[:2]
        if denied := self._reach.host(host, port, [data.client.sni or ""]):
            data.server.error = f"{MARK}{denied[1]}"
            self._tell(*denied)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Ends a request for a denied host, whatever address it was sent to."""
        denied = self._reach.host(*address_of(flow), named(flow)) or self._query(flow)
        if denied is None:
            return
        self._mark(flow, *denied)
        if flow.killable:
            flow.kill()  # type: ignore[no-untyped-call]

    def tcp_message(self, flow: TCPFlow) -> None:
        """Lets nothing more through of a raw connection whose client names a denied host."""
        message = flow.messages[-1]
        if not message.from_client or not self._reach.rules.about_names:
            return
        if BLOCKED not in flow.metadata:
            stream = self._raw.setdefault(flow, RawStream())
            names = (split_authority(text)[0] for text in stream.names(message.content))
            if denied := self._reach.host(*address_of(flow), names):
                self._mark(flow, *denied)
        if BLOCKED in flow.metadata:
            message.content = b""

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

    def dns_error(self, flow: DNSFlow) -> None:
        """The same."""
        self.error(flow)

    def _resolver(self, host: str, port: int) -> tuple[str, str] | None:
        return None if (host, port) == RESOLVER else self._reach.host(host, port, ())

    def _query(self, flow: HTTPFlow) -> tuple[str, str] | None:
        """Of DNS over HTTPS."""
        rules = self._reach.rules
        if not rules.about_names:
            return None
        try:
            verdicts = ((name, rules.name(name, None)) for name in doh.asked(flow.request))
            return next(((name, reason) for name, reason in verdicts if reason), None)
        except doh.Unreadable:
            reason = "this DNS over HTTPS hides which names are asked for, and there are rules about names"
            return flow.request.pretty_host, reason

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
