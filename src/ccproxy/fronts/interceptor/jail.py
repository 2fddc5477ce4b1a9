"""One jail as the daemon knows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ccproxy.exchange import Process
from ccproxy.jail.ticket import Request


@dataclass(frozen=True, slots=True)
class Jail:
    """A jail that runs, or another machine that was given a WireGuard configuration."""

    name: str
    process: Process
    request: Request
    since: float = field(default_factory=time.time)
    """When it began, in seconds since the epoch."""
