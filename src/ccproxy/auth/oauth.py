"""The cycle of OAuth credentials: used while valid, renewed before they are over, shared with other programs."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field

from ccproxy.auth.ahead import Ahead
from ccproxy.auth.cache import FAILURE_SECONDS
from ccproxy.auth.clock import Clock
from ccproxy.auth.credential_file import Signature, Unsettled
from ccproxy.auth.held import Held
from ccproxy.auth.keeper import Keeper
from ccproxy.auth.patience import FIRST_PAUSE, Patience, longer
from ccproxy.auth.refresher import Refresher
from ccproxy.auth.shared import Shared
from ccproxy.auth.source import Credential, CredentialError, SourceState


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer until a moment of the steady clock, for one state of the file."""

    reason: str
    until: float
    file: Signature | None = field(repr=False)


class OAuthSource:
    """A credential that is refreshed at a token endpoint. To be used from one event loop.

    Args:
        kind: the `type` of its configuration.
        keeper: its file.
        refresher: how another is got.
        header: see `CredentialSource.header`.
    """

    def __init__(self, kind: str, keeper: Keeper, refresher: Refresher, header: str | None, clock: Clock) -> None:
        self.kind, self.header = kind, header
        self._keeper, self._refresher, self._clock = keeper, refresher, clock
        self._ready: Credential | None = None
        self._ready_in: Signature | None = None
        """The file that `_ready` came from: it may have been read again since, for other reasons."""
        self._until = -math.inf
        """When `_ready` is to be looked at again, by the steady clock."""
        self._failure: Failure | None = None
        self._pause = 0.0
        self._next_try = -math.inf
        self._trouble: tuple[str, Signature | None] | None = None
        """What went wrong last, and the file that it went wrong with."""
        self._patience = Patience()
        self._reading: Shared[Credential] = Shared()
        self._refreshing: Shared[Held] = Shared()
        self._ahead = Ahead(lambda: self._reading.begin(self._looked_up))

    def cached(self) -> Credential | None:
        """The credential if it is valid, not to be renewed yet, and the file is as it was."""
        file = self._keeper.file
        if self._clock.steady() < self._until and self._ready_in == file.seen and file.is_as_read():
            self._ahead.used = True
            return self._ready
        return None

    async def token(self) -> Credential:
        """The credential, refreshed first if it is over. Raises CredentialError."""
        if credential := self.cached():
            return credential
        if not self._keeper.is_valid(self._keeper.held):
            self._raise_again()
        credential = await self._reading.join(self._looked_up)
        self._ahead.used = True
        return credential

    async def renew(self, refused: str) -> Credential:
        """See `CredentialSource.renew`: what the file has by now, or else a refresh."""
        held = await self._keeper.read()
        if held.tokens.access == refused:
            self._not_again(refused)
            self._raise_again()
            held = await self._refreshing.join(lambda: self._refresh(refused))
        if not self._keeper.is_valid(held):
            return await self.token()
        if held.tokens.access == refused:
            raise CredentialError(f"{self._where}: it was refused, and no other could be had")
        return self._use(held)

    def accepted(self, token: str) -> None:
        """See `CredentialSource.accepted`: it may be renewed again as soon as it is refused."""
        self._patience.accepted(token)

    async def check(self) -> SourceState:
        """See `CredentialSource.check`: reads the file."""
        keeper, error = self._keeper, None
        try:
            await keeper.read()
        except CredentialError as failure:
            error = str(failure)
        held = keeper.held
        obstacle = await self._obstacle(held)
        refreshable = held is not None and obstacle is None
        present = keeper.is_valid(held) or (refreshable and error is None)
        error = error or self._error or keeper.unsaved
        if error is None and obstacle is not None and not present:
            error = self._placed(f"it is over; {obstacle}")
        return SourceState(
            self._where,
            present=present,
            expires=self._expires(held),
            refreshed=keeper.last.wall if keeper.last is not None else None,
            error=error,
            refreshable=refreshable,
        )

    def invalidate(self) -> None:
        """The file is read again. What could not be written to it is not forgotten."""
        self._ready, self._failure, self._until, self._next_try = None, None, -math.inf, -math.inf

    async def settled(self) -> None:
        """Returns when no refresh is under way, for one that is broken off may lose the refresh token, and what could
        not be written has been tried once more. None begins by itself after that."""
        self._ahead.stop()
        await self._reading.settled()  # at whose end a refresh may begin
        await self._refreshing.settled()
        self._ahead.stop()
        if self._keeper.unsaved is not None:
            with suppress(CredentialError):
                await self._refresher.save(FAILURE_SECONDS)

    async def require_writable(self) -> None:
        """Raises CredentialError if what a refresh gives could be kept in memory only."""
        await self._keeper.read()
        await self._refresher.require_writable()

    @property
    def _where(self) -> str:
        return str(self._keeper.file.path)

    @property
    def _error(self) -> str | None:
        """What went wrong last, unless the file has been read since and is another."""
        reason, file = self._trouble or (None, None)
        return reason if file == self._keeper.file.seen else None

    def _note(self, reason: str) -> None:
        self._trouble = reason, self._keeper.file.seen

    def _placed(self, reason: str) -> str:
        return reason if self._where in reason else f"{self._where}: {reason}"

    async def _obstacle(self, held: Held | None) -> str | None:
        """Why it cannot be refreshed. What only a refresh needs is looked for once that is due."""
        if held is None:
            return None
        valid = self._keeper.is_valid(held)
        return self._refresher.obstacle(held) if valid else await self._refresher.hindrance(held)

    async def _looked_up(self) -> Credential:
        """The slow way to a credential: through the file, and through the endpoint if need be."""
        keeper = self._keeper
        try:
            held = await keeper.read()
        except CredentialError as error:
            return self._in_spite_of(error)
        if keeper.unsaved is not None:
            held = await self._saved(held)
        if not keeper.is_valid(held):
            held = await self._refreshing.join(lambda: self._refresh(held.tokens.access))
        elif held.deadline - held.early <= self._clock.steady():
            self._refresh_beside(held)
            return self._use(held, self._until)
        else:
            self._trouble = None
        return self._use(held)

    def _use(self, held: Held, until: float | None = None) -> Credential:
        """Hands it out, and keeps it at hand until it is to be renewed, or to be written at last."""
        credential = held.credential
        assert credential is not None
        self._ready, self._ready_in = credential, self._keeper.file.seen
        self._until = held.deadline - held.early if until is None else until
        if held is not self._keeper.held:
            self._until = -math.inf
        if self._keeper.unsaved is not None:
            self._until = min(self._until, self._next_try)
        self._ahead.set(self._until - self._clock.steady())
        return credential

    def _in_spite_of(self, error: CredentialError) -> Credential:
        """What is known from before, if it is still valid."""
        now, held = self._clock.steady(), self._keeper.held
        self._note(str(error))
        if held is None or not self._keeper.is_valid(held):
            reason = f"{error}; {self._refresher.to_log_in()}" if isinstance(error, Unsettled) else str(error)
            self._failure = Failure(reason, now + FAILURE_SECONDS, self._keeper.file.seen)
            raise CredentialError(reason) from error
        return self._use(held, min(held.deadline, now + FAILURE_SECONDS))

    def _raise_again(self) -> None:
        """A failure is the answer for a while, unless the file has changed or there is something to use."""
        failure, keeper = self._failure, self._keeper
        if failure is None or self._clock.steady() >= failure.until:
            return
        if keeper.file.seen == failure.file and keeper.file.is_as_looked_for():
            raise CredentialError(failure.reason)

    def _not_again(self, refused: str) -> None:
        last = self._keeper.last
        if last is not None and last.grant.access == refused:
            try:
                self._patience.refused(refused, self._clock.steady() - last.steady)
            except CredentialError as error:
                raise CredentialError(self._placed(str(error))) from error

    def _refresh_beside(self, held: Held) -> None:
        """Begins a refresh that nobody waits for, or says when one may be begun."""
        self._until = held.deadline
        if held.tokens.refresh is None or self._refresher.is_dead(held):
            return
        if self._clock.steady() < self._next_try:
            self._until = min(held.deadline, self._next_try)
        else:
            self._refreshing.begin(lambda: self._refresh(held.tokens.access, beside=True))

    async def _refresh(self, former: str | None, *, beside: bool = False) -> Held:
        """Another access token than `former`: from the file if it has one by now, else from the endpoint."""
        try:
            held = await self._refresher.refreshed(former, beside=beside)
        except CredentialError as error:
            raise self._failed(error) from error
        self._failure = self._trouble = None
        self._pause, self._ahead.used = 0.0, False
        self._next_try = self._clock.steady() + (FIRST_PAUSE if self._keeper.unsaved is not None else 0.0)
        self._use(held)
        return held

    def _failed(self, error: CredentialError) -> CredentialError:
        """Keeps the failure as the answer for a while; the error with the place before it."""
        now, keeper = self._clock.steady(), self._keeper
        held, reason = keeper.held, self._placed(str(error))
        self._note(reason)
        lasting = held is not None and self._refresher.is_dead(held)
        self._failure = Failure(reason, math.inf if lasting else now + FAILURE_SECONDS, keeper.file.seen)
        self._pause = longer(self._pause)
        self._next_try = now + self._pause
        if held is not None and keeper.is_valid(held):
            self._until = min(held.deadline, self._next_try)
        return CredentialError(reason)

    async def _saved(self, held: Held) -> Held:
        """Writes what could not be written, if it is time for another try. The tokens to use after that."""
        if self._clock.steady() < self._next_try:
            return held
        self._pause = longer(self._pause)
        self._next_try = self._clock.steady() + self._pause
        try:
            await self._refresher.save(FAILURE_SECONDS)
        except CredentialError as error:
            self._note(str(error))
        return self._keeper.held or held

    def _expires(self, held: Held | None) -> float | None:
        if held is None or not math.isfinite(held.deadline):
            return None
        return self._clock.wall() + held.deadline - self._clock.steady()
