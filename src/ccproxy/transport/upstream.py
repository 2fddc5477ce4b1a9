"""Where a request goes, and by which way: what a carrier has to know beside the request itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ccproxy.exchange import Origin
from ccproxy.fingerprint.fingerprint import Fingerprint

type ProxyScheme = Literal["http", "https", "socks4", "socks4a", "socks5", "socks5h"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits in seconds. There is none on an answer as a whole."""

    connect: float = 10.0
    first_byte: float = 600.0
    """From the request's last byte to the answer's head."""
    idle: float = 300.0
    """Between two pieces of a body."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which statuses a provider's request is sent again for, by the user's own wish. Times in seconds."""

    statuses: frozenset[int] = frozenset()
    attempts: int = 2
    """How often it is sent for these statuses, the first time included."""
    max_delay: float = 30.0
    """A provider that asks for a longer pause is not waited for: its answer goes to the client."""


@dataclass(frozen=True, slots=True)
class CapacityPolicy:
    """What is done where a provider is out of capacity (`gemini_capacity`). Times in seconds."""

    statuses: frozenset[int] = frozenset({429, 503, 500})
    fallback_models: tuple[str, ...] = ()
    attempts: int = 3
    """How often the model that was asked for is asked again."""
    max_delay: float = 60.0
    """Where a longer pause is asked for, the next model is asked."""
    terminal_delay: float = 300.0
    """Where a longer pause is asked for, nothing more is tried."""
    budget: float = 120.0
    """From the first answer on: no attempt begins later."""
    patience: float = 5.0
    """For the end of an error's body, before it is known whether it is one of these."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An upstream proxy (RFC 9110 §9.3.6; RFC 1928 for SOCKS)."""

    scheme: ProxyScheme
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """An origin with the way to it. Connections are shared by all requests whose Upstream is equal; limits and retries
    are each request's own."""

    origin: Origin
    proxy: Proxy | None = None
    ca_file: str | None = None
    """A file of certificates that are trusted beside the system's."""
    profile: str | None = None
    """Whose TLS and HTTP/2 its connections look like."""
    fingerprint: Fingerprint | None = None
    """What that looks like, where `profile` names a captured client."""
    http2: bool = False
    timeouts: Timeouts = field(default=Timeouts(), compare=False)
    retry: RetryPolicy = field(default=RetryPolicy(), compare=False)
    capacity: CapacityPolicy | None = field(default=None, compare=False)
