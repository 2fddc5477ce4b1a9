"""Getting other tokens, together with all who share the file: under its locks, and never with a token used before."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccproxy.auth.credential_file import Signature
from ccproxy.auth.file_lock import FileLock
from ccproxy.auth.held import Held
from ccproxy.auth.keeper import Keeper
from ccproxy.auth.locking import Lock, holding
from ccproxy.auth.source import CredentialError
from ccproxy.auth.threads import in_thread
from ccproxy.auth.token_endpoint import Refused, TokenEndpoint

LOOK_SECONDS = 0.05
"""Between looks at the file for what another program, which was quicker, has got."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What differs. `login`: what a person runs. `patience`: seconds for another program to write what made the
    endpoint refuse our token."""

    login: str
    locks: Callable[[Path], Sequence[Lock]]
    patience: float


class Refresher:
    """One vendor's way to new tokens. One refresh at a time, please: see `Shared`."""

    def __init__(self, vendor: Vendor, keeper: Keeper, endpoint: TokenEndpoint) -> None:
        self._vendor, self._keeper, self._endpoint = vendor, keeper, endpoint
        self._dead: tuple[str, Signature | None] | None = None
        """The refresh token that will not be taken again, and the file that it was in."""
        self._reason = ""

    async def refreshed(self, former: str | None, *, beside: bool) -> Held:
        """Another access token than `former`: from the file if it has one by now, else from the endpoint.

        `beside`: there is no need yet, so that a file that could not be written is a reason to leave it.
        Raises CredentialError.
        """
        async with holding(self._locks(), self._endpoint.timeout):
            held = await self._refreshed(former, beside=beside)
        self._dead = None
        return held

    async def require_writable(self) -> None:
        """Raises CredentialError if what a refresh gives could be kept in memory only."""
        file = self._keeper.file
        if not await in_thread(file.is_writable):
            raise CredentialError(f"{file.path} cannot be written")

    async def save(self, seconds: float) -> None:
        """Writes what the keeper has in memory only. Raises CredentialError if the locks are not to be had in time."""
        async with holding(self._locks(), seconds):
            await self._keeper.save()

    def is_dead(self, held: Held) -> bool:
        """True if the endpoint will not take this refresh token again, and the file is still the same."""
        return self._dead == (held.tokens.refresh, self._keeper.file.seen)

    def obstacle(self, held: Held) -> str | None:
        """Why the endpoint need not be asked, and what to do; None if it may be."""
        if held.tokens.refresh is None:
            return f"it cannot be refreshed without a refresh token; log in again with {self._vendor.login}"
        return self._reason if self.is_dead(held) else None

    async def hindrance(self, held: Held) -> str | None:
        """The same, and why the endpoint could not be asked although it might be."""
        return self.obstacle(held) or await self._endpoint.obstacle()

    def to_log_in(self) -> str:
        """What to do where nobody is logged in."""
        return f"log in with {self._vendor.login}"

    def _locks(self) -> Sequence[Lock]:
        path = self._keeper.file.path
        return FileLock(path), *self._vendor.locks(path)

    async def _refreshed(self, former: str | None, *, beside: bool) -> Held:
        keeper = self._keeper
        held = await keeper.read()
        if beside:
            await self.require_writable()
        while not (keeper.is_valid(held) and held.tokens.access != former):
            if obstacle := self.obstacle(held):
                raise CredentialError(obstacle)
            assert held.tokens.refresh is not None
            try:
                grant = await self._endpoint.refresh(held.tokens.refresh)
            except CredentialError as error:
                held = await self._after(error, held, former)
            else:
                return await keeper.store(held, grant)
        return held

    async def _after(self, error: CredentialError, held: Held, former: str | None) -> Held:
        """What another program, quicker than we, has got. Raises `error` if there was none."""
        final, keeper = isinstance(error, Refused), self._keeper
        tries = math.ceil(self._vendor.patience / LOOK_SECONDS) if final else 0
        for left in range(tries, -1, -1):
            found = await keeper.read()
            fresh = keeper.is_valid(found) and found.tokens.access != former
            if fresh or (final and found.tokens.refresh not in (None, held.tokens.refresh)):
                return found
            if left:
                await asyncio.sleep(LOOK_SECONDS)
        if not final:
            raise error
        assert held.tokens.refresh is not None
        self._dead = held.tokens.refresh, keeper.file.seen
        self._reason = f"{error}; log in again with {self._vendor.login}"
        raise CredentialError(self._reason) from error
