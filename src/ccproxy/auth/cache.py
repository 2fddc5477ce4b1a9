"""A credential that is kept for a while and obtained once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod

from ccproxy.auth.source import Credential, CredentialError

FAILURE_SECONDS = 1.0
"""How long a failure is the answer before the source is asked again."""


class CachedSource(ABC):
    """A source whose `_obtain` may be slow. Concurrent callers share one run; one that is cancelled leaves it running.

    A result is kept for `max_age` seconds. To be used from one event loop.
    """

    def __init__(self, header: str | None, max_age: float) -> None:
        self.header = header
        self._max_age = max_age
        self._credential: Credential | None = None
        self._failure: CredentialError | None = None
        self._until = 0.0
        self._run: asyncio.Task[Credential] | None = None

    @abstractmethod
    async def _obtain(self) -> Credential:
        """The credential from where it is kept. Raises CredentialError."""

    def cached(self) -> Credential | None:
        """The credential if it is not too old."""
        return self._credential if time.monotonic() < self._until else None

    async def token(self) -> Credential:
        """The credential, obtained if need be. Raises CredentialError."""
        if credential := self.cached():
            return credential
        if self._failure and time.monotonic() < self._until:
            raise CredentialError(str(self._failure))
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._obtain())
            self._run.add_done_callback(self._keep)
        return await asyncio.shield(self._run)

    def invalidate(self) -> None:
        """Forget what is cached; the result of a run under way goes to those who wait for it and is not kept."""
        self._credential = self._failure = self._run = None
        self._until = 0.0

    def _keep(self, run: asyncio.Task[Credential]) -> None:
        failure = None if run.cancelled() else run.exception()
        if run is not self._run:
            return
        self._run = None
        self._credential = None if failure or run.cancelled() else run.result()
        self._failure = failure if isinstance(failure, CredentialError) else None
        self._until = time.monotonic() + (self._max_age if self._credential else FAILURE_SECONDS)
