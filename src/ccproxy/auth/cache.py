"""A credential that is kept for a while and obtained once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any

from ccproxy.auth.source import Credential, CredentialError, SourceState

FAILURE_SECONDS = 1.0
"""How long a failure is the answer before the source is asked again."""


class CachedSource(ABC):
    """A source whose `_obtain` may be slow. Concurrent callers share one run; one that is cancelled leaves it running.

    A result is kept for `max_age` seconds. To be used from one event loop.
    """

    kind: str
    """The `type` of its configuration."""

    def __init__(self, header: str | None, max_age: float) -> None:
        self.header = header
        self._max_age = max_age
        self._credential: Credential | None = None
        self._failure: CredentialError | None = None
        self._until = 0.0
        self._obtained: float | None = None
        self._run: asyncio.Task[Credential] | None = None
        self._generation = 0

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
        if self._failure is not None and self._failed_lately():
            raise CredentialError(str(self._failure))
        run = self._run
        if run is None or run.done():
            run = self._run = asyncio.create_task(self._fetch(self._generation))
            run.add_done_callback(look_at)
        await asyncio.wait((run,))  # unlike `await run`, leaves it running if we are cancelled
        return run.result()

    async def renew(self, refused: str) -> Credential:
        """See `CredentialSource.renew`: obtained again, in the hope of another."""
        if self._credential is not None and self._credential.token == refused:
            self.invalidate()
        credential = await self.token()
        if credential.token == refused:
            raise CredentialError(f"{self._where} still gives the credential that was refused")
        return credential

    def accepted(self, token: str) -> None:  # noqa: B027 - nothing to do is what most need
        """See `CredentialSource.accepted`: it makes no difference here."""

    async def check(self) -> SourceState:
        """See `CredentialSource.check`."""
        try:
            await self.token()
        except CredentialError as error:
            return SourceState(self._where, present=False, error=str(error))
        return SourceState(self._where, present=True, refreshed=self._obtained)

    def _failed_lately(self) -> bool:
        """True if a failure still is the answer."""
        return time.monotonic() < self._until

    @property
    @abstractmethod
    def _where(self) -> str:
        """What it is, for people."""

    def invalidate(self) -> None:
        """Forget what is cached. The result of a run under way goes to those who wait for it and is not kept."""
        self._credential = self._failure = self._run = None
        self._until = 0.0
        self._generation += 1

    async def _fetch(self, generation: int) -> Credential:
        try:
            credential = await self._obtain()
        except CredentialError as failure:
            if generation == self._generation:
                self._keep(None, failure, FAILURE_SECONDS)
            raise
        if generation == self._generation:
            self._keep(credential, None, self._max_age)
        return credential

    def _keep(self, credential: Credential | None, failure: CredentialError | None, seconds: float) -> None:
        self._credential, self._failure = credential, failure
        self._until = time.monotonic() + seconds
        if credential is not None:
            self._obtained = time.time()


def look_at(run: asyncio.Task[Any]) -> None:
    """So that asyncio does not complain about a failure that nobody waited for any more."""
    if not run.cancelled():
        run.exception()
