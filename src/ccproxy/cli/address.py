"""Where listeners are, and whether they answer."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_SECONDS = 0.5

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - nothing is bound here
"""What to connect to where the listener is bound to every address."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to connect to."""

    host: str
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> Address:
        """The address at which a listener bound to `host` is reached."""
        return cls(ANY_ADDRESS.get(host, host), port)

    @classmethod
    def told(cls, url: str | None, port: int) -> Address:
        """The address in the URL that a daemon told; without one, its port on this machine."""
        parts = urlsplit(url or "")
        return cls.of(parts.hostname or "", parts.port or port)

    @property
    def url(self) -> str:
        """`http://host:port`, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def answers(self) -> bool:
        """True if a TCP connection opens within half a second."""
        try:
            socket.create_connection((self.host, self.port), timeout=CONNECT_SECONDS).close()
        except OSError:
            return False
        return True
