"""Which flows are not archived, by where they go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ccproxy.config.hostglobs import HostGlob, as_address, canonical, parse
from ccproxy.flows.summary import origin_of

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange, Origin

REMEMBERED = 1024
"""Origins."""


class Exclusion:
    """Hosts as `flows.exclude_hosts` has them."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._globs = tuple(map(parse, hosts))
        self.any = bool(self._globs)
        """False if nothing is excluded."""
        self._is_excluded = lru_cache(REMEMBERED)(self._look)

    def matches(self, ex: Exchange) -> bool:
        """Whether an exchange went, or was meant to go, to one of them."""
        meant = ex.destination
        return self._is_excluded(origin_of(ex)) or (meant is not None and self._is_excluded(meant))

    def _look(self, origin: Origin) -> bool:
        return any(is_about(glob, origin) for glob in self._globs)


def is_about(glob: HostGlob, origin: Origin) -> bool:
    """Whether a pattern is about this host and port."""
    if glob.port is not None and glob.port != origin.port:
        return False
    address = as_address(origin.host)
    return glob.matches_address(address) if address else glob.matches_name(canonical(origin.host))
