"""Which flows are not archived."""

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


PULSE = frozenset({b"/", b"/health"})
"""What is asked to see whether the daemon lives, often by a program: it would fill the archive."""


class Exclusion:
    """Hosts as `flows.exclude_hosts` has them, and questions whether the daemon lives."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._globs = tuple(map(parse, hosts))
        self._is_excluded = lru_cache(REMEMBERED)(self._look)

    def matches(self, ex: Exchange) -> bool:
        """Whether an exchange is not archived: for the host it went or was meant to go to, or as a sign of life."""
        if ex.route is not None and ex.route.action == "local" and ex.request.target in PULSE:
            return True
        if not self._globs:
            return False
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
