"""Which thread at the provider a conversation of a client is."""

from __future__ import annotations


class ThreadMemory:
    """To be used from one event loop. `ttl` is in seconds; each use begins it anew."""

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
