"""A credential of Google's own libraries: minted from a file, kept in memory, renewed before it is over."""

from __future__ import annotations

import math

from ccproxy.auth.ahead import Ahead
from ccproxy.auth.cache import FAILURE_SECONDS
from ccproxy.auth.clock import Clock
from ccproxy.auth.credential_file import Signature
from ccproxy.auth.google_mint import Mint, Minted
from ccproxy.auth.patience import Patience, longer
from ccproxy.auth.shared import Shared
from ccproxy.auth.source import Credential, CredentialError, SourceState


class GoogleSource:
    """A credential minted from a file of Google's. To be used from one event loop."""

    kind = "google_auth"

    def __init__(self, mint: Mint, header: str | None, clock: Clock) -> None:
        self.header, self._mint, self._clock = header, mint, clock
        self._held: Minted | None = None
        self._until = -math.inf
        """Until when what is held is given away without further ado."""
        self._failure: tuple[str, float, Signature | None] | None = None
        """Why there was none the last time, until when that is the answer, and for which file."""
        self._refreshed: float | None = None
        self._pause, self._next_try = 0.0, -math.inf
        self._renewed: str | None = None
        """The last token that was minted because another was refused."""
        self._patience = Patience()
        self._minting: Shared[Minted] = Shared()
        self._ahead = Ahead(lambda: self._minting.begin(self._another))

    def cached(self) -> Credential | None:
        """The credential if it is valid, not to be renewed yet, and the file is as it was."""
        held = self._held
        if held is None or self._clock.steady() >= self._until or not self._is_of_the_file(held):
            return None
        self._ahead.used = True
        return held.credential

    async def token(self) -> Credential:
        """The credential, minted first if there is none. Raises CredentialError."""
        if credential := self.cached():
            return credential
        held = self._held
        if held is not None and self._is_valid(held):
            self._renew_beside(held)
        else:
            self._raise_again()
            held = await self._minting.join(self._another)
        self._ahead.used = True
        return held.credential

    async def renew(self, refused: str) -> Credential:
        """See `CredentialSource.renew`: another is minted."""
        held = self._held
        if held is None or held.token == refused or not self._is_valid(held):
            self._not_again(refused)
            held = await self._minting.join(self._another)
            self._renewed = held.token
        if held.token == refused:
            raise CredentialError(f"{self._where}: it was refused, and no other could be had")
        return held.credential

    def accepted(self, token: str) -> None:
        """See `CredentialSource.accepted`: it may be renewed again as soon as it is refused."""
        self._patience.accepted(token)

    async def check(self) -> SourceState:
        """See `CredentialSource.check`: reads the file."""
        error = None
        try:
            await self._mint.check()
        except CredentialError as failure:
            error = str(failure)
        held = self._held if self._held is not None and self._is_of_the_file(self._held) else None
        expires = held.expires if held is not None else None
        trouble = error or self._error
        return SourceState(self._where, error is None, expires, self._refreshed, trouble, refreshable=error is None)

    def invalidate(self) -> None:
        """Forget what is held."""
        self._held, self._failure, self._until, self._next_try = None, None, -math.inf, -math.inf
        self._ahead.stop()

    async def settled(self) -> None:
        """Returns when no token is being minted. None will be by itself after that."""
        self._ahead.stop()
        await self._minting.settled()
        self._ahead.stop()

    @property
    def _where(self) -> str:
        return str(self._mint.file.path)

    @property
    def _error(self) -> str | None:
        """What went wrong last, unless the file is another since."""
        reason, _, file = self._failure or (None, 0.0, None)
        return reason if file == self._mint.file.seen else None

    def _is_of_the_file(self, held: Minted) -> bool:
        file = self._mint.file
        return held.file == file.seen and file.is_as_read()

    def _is_valid(self, held: Minted) -> bool:
        return self._clock.steady() < held.deadline and self._is_of_the_file(held)

    def _renew_beside(self, held: Minted) -> None:
        """Begins what nobody waits for, unless that has failed just now."""
        if self._clock.steady() >= self._next_try:
            self._minting.begin(self._another)
        self._until = min(held.deadline, max(self._next_try, self._clock.steady()))

    def _not_again(self, refused: str) -> None:
        self._raise_again()
        if self._held is not None and self._held.token == refused == self._renewed:
            try:
                self._patience.refused(refused, self._clock.steady() - self._held.since)
            except CredentialError as error:
                raise CredentialError(f"{self._where}: {error}") from error

    def _raise_again(self) -> None:
        """A failure is the answer for a while, unless the file has changed."""
        reason, until, file = self._failure or ("", -math.inf, None)
        if self._clock.steady() < until and file == self._mint.file.seen and self._mint.file.is_as_read():
            raise CredentialError(reason)

    async def _another(self) -> Minted:
        try:
            held = await self._mint.mint()
        except CredentialError as error:
            self._failed(str(error))
            raise
        self._held, self._until = held, held.early
        self._failure = None
        self._pause, self._ahead.used, self._refreshed = 0.0, False, self._clock.wall()
        self._ahead.set(held.early - held.since)
        return held

    def _failed(self, reason: str) -> None:
        now = self._clock.steady()
        self._failure = reason, now + FAILURE_SECONDS, self._mint.file.seen
        self._pause = longer(self._pause)
        self._next_try = now + self._pause
        if self._held is not None and self._is_valid(self._held):
            self._until = min(self._held.deadline, self._next_try)
            self._ahead.set(self._pause)
