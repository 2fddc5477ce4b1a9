"""What one jail may reach: its rules about hosts, and no address that is not the internet's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mitmproxy.dns import DNSMessage

from ccproxy.config.hostglobs import Address, as_address
from ccproxy.fronts.interceptor.addresses import Network, OwnAddresses, special, spellings
from ccproxy.fronts.interceptor.names import Memory, Rules
from ccproxy.fronts.interceptor.readings import is_local

DNS_OVER_TLS = 853


class Reach:
    """Verdicts: a reason in words, or None for what can be reached."""

    def __init__(self, rules: Rules, allowed: Iterable[Network], own: OwnAddresses) -> None:
        self.rules, self.memory = rules, Memory()
        self._allowed: Sequence[Network] = tuple(allowed)
        self._own = own

    def destination(self, host: str, port: int) -> str | None:
        """Of an address, in text, as it was dialled."""
        address = as_address(host)
        if address is None:
            return f"{host!r} is not an address"
        if port == DNS_OVER_TLS and self.rules.about_names:
            return "DNS over TLS hides which names are asked for, and there are rules about names"
        spelt = tuple(spellings(address))
        return self._special(spelt) or self.rules.address(spelt, port, self.memory.names(address))

    def _special(self, spellings: Sequence[Address]) -> str | None:
        address = spellings[0]
        for spelt in spellings:
            if any(spelt in network for network in self._allowed):
                continue
            what = special(spelt) or ("this machine's own address" if spelt in self._own else "")
            if what:
                through = f" (through {address})" if spelt != address else ""
                return f"{spelt}{through} is {what}, and jail.allow_addresses does not have it"
        return None

    def host(self, host: str, port: int, names: Iterable[str]) -> tuple[str, str] | None:
        """Of an address, and the names by which a client calls what is there: what is denied, and why."""
        if reason := self.destination(host, port):
            return (self.names(host) or (host,))[-1], reason
        verdicts = ((name, self.name(name, host, port)) for name in names if name)
        return next(((name, reason) for name, reason in verdicts if reason), None)

    def names(self, host: str) -> tuple[str, ...]:
        """The names that an address, in text, was the answer for, the latest last."""
        address = as_address(host)
        return self.memory.names(address) if address else ()

    def name(self, name: str, host: str, port: int) -> str | None:
        """What the rules say of the name in a request to an address, which may be the address itself."""
        address = as_address(name)
        if address is None:
            return self.rules.name(name, port)
        return None if address == as_address(host) else self.rules.address((address,), port, ())

    def query(self, query: DNSMessage) -> tuple[str, str] | None:
        """Of the names that a DNS query asks for: the first that is denied, with the reason."""
        for name in (question.name for question in query.questions):
            if not is_local(name) and (reason := self.rules.name(name, None)):
                return name, reason
        return None
