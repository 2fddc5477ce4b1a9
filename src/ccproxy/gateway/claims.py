"""Which requests of a jail go through the gateway: those that a provider, a rule or a sentinel key claims.

All others pass natively. The default configuration has neither providers nor rules, so it claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address

from ccproxy.config import Transform
from ccproxy.exchange import Headers, Origin
from ccproxy.providers.endpoint import parse_endpoint
from ccproxy.providers.provider import Provider
from ccproxy.providers.sentinel import find_sentinel


class Claims:
    """Answers the one question that is asked of each native request. Keeps no state."""

    def __init__(self, transforms: Sequence[Transform], providers: Mapping[str, Provider]) -> None:
        self._transforms = transforms
        self._providers = {(provider.origin.host, provider.origin.port): name for name, provider in providers.items()}

    def __call__(self, origin: Origin, target: bytes, headers: Headers, *, proven: bool = True) -> str | None:
        """Who claims a request to `origin`, in words; None: nobody.

        Where the origin's name is not `proven` to be that of the address that was dialled, rules have no say: what no
        rule leads elsewhere goes on to that name, which a client could have chosen to reach what it may not dial.
        """
        path, _, query = target.partition(b"?")
        fields = {name.lower(): value for name, value in headers}
        if (sentinel := find_sentinel(fields, query)) is not None:
            return f"sentinel key of provider {sentinel!r}"
        provider = self._providers.get((origin.host.lower(), origin.port))
        if provider is not None and (proven or not is_place(origin.host)):
            return f"provider {provider!r}"
        return self._rule(origin.host, path.decode("latin-1")) if proven else None

    def _rule(self, host: str, path: str) -> str | None:
        known = parse_endpoint(path) is not None
        return next(numbered(rule_claims(rule, host, path, known) for rule in self._transforms), None)


def is_place(host: str) -> bool:
    """Whether a host is an address, or this machine: a provider there is no reason to let a jail reach it."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost"
    return True


def numbered(claims: Iterable[bool]) -> Iterator[str]:
    """The names of the rules that claim."""
    return (f"rule {number} of lightllm.transforms" for number, claimed in enumerate(claims, 1) if claimed)


def rule_claims(rule: Transform, host: str, path: str, known: bool) -> bool:
    """Whether a rule has a say about a request whose body is not there yet.

    A rule that names no host is about LLM calls (`known`), not about everything that a machine loads.
    """
    if not rule.match_path.search(path):
        return False
    return known if rule.match_host is None else bool(rule.match_host.search(host))
