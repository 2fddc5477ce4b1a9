"""The tokens of one credential file: read, measured against the clock, and written back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ccproxy.auth.clock import Clock
from ccproxy.auth.credential_file import Content, CredentialFile, Missing, Signature, Unsettled
from ccproxy.auth.dotted import changed
from ccproxy.auth.held import Change, Held, Margins
from ccproxy.auth.locking import Lock, holding
from ccproxy.auth.source import CredentialError
from ccproxy.auth.threads import in_thread
from ccproxy.auth.tokens import Grant, Layout, Tokens

PAUSES = (0.02, 0.04, 0.08, 0.16)
"""Seconds before each further look at a file that somebody may be writing at the moment."""
WRITE_LOCK_SECONDS = 3.0


class Keeper:
    """Not to be used by two tasks at once where one of them writes; `writing` are the locks of that moment.

    What could not be written is kept in memory, and counts for as long as the file is as it was before.
    """

    def __init__(
        self,
        file: CredentialFile,
        layout: Layout,
        margins: Margins,
        clock: Clock,
        writing: Callable[[Path], Sequence[Lock]],
    ) -> None:
        self.file, self._layout, self._margins, self._clock, self._writing = file, layout, margins, clock, writing
        self.held: Held | None = None
        self.last: Change | None = None
        """The last grant of this process."""
        self.unsaved: str | None = None
        """Why the last grant could not be written."""
        self._waiting: tuple[Change, Content] | None = None
        self._broken: Signature | None = None
        self._skew = 0.0
        """How far the provider's clock is ahead of this machine's."""

    def is_valid(self, held: Held | None) -> bool:
        """True if there is an access token that is not over, as far as anybody knows."""
        return held is not None and held.deadline > self._clock.steady()

    async def read(self) -> Held:
        """The tokens as the file has them. Raises CredentialError, and `held` is then as it was."""
        try:
            content, tokens = await self._settled()
            while content.signature != self.file.seen:  # another task has read or written it meanwhile
                content, tokens = await self._settled()
        except CredentialError as error:
            if self._waiting is not None:
                return self._take(*self._in_memory())
            if isinstance(error, Missing):
                self.held = None  # nobody is logged in any more
            raise
        if self._waiting is not None and tokens == self._waiting[0].former:
            return self._take(*self._in_memory())
        self._waiting = self.unsaved = None
        return self._take(content, tokens)

    async def store(self, former: Held, grant: Grant) -> Held:
        """Writes a grant into the file. Gives the tokens to use: its own, or newer ones of the file."""
        clock, replaced = self._clock, former.tokens
        if self._waiting is not None:
            unwritten, _ = self._waiting
            replaced, grant = unwritten.former, grant.after(unwritten.grant)
        self.last = change = Change(replaced, grant, self._layout.lifetime(grant), clock.wall(), clock.steady())
        if grant.date is not None:
            self._skew = grant.date - change.wall
        return await self._save(change, former.content)

    async def save(self) -> None:
        """Tries again to write what could not be written."""
        if self._waiting is not None:
            await self._save(*self._waiting)

    async def _save(self, change: Change, former: Content) -> Held:
        self._waiting = change, former
        try:
            async with holding(self._writing(former.path), WRITE_LOCK_SECONDS):
                content, tokens = await self._current(change, former)
                if tokens != change.former and self._deadline(tokens) > self._clock.steady():
                    written = content  # another has been here, and has what is newer
                else:
                    new = self._changed(change, content)
                    written = await in_thread(lambda: self.file.write(new))
        except (OSError, CredentialError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.unsaved = f"the new tokens are kept in memory only: {former.path} could not be written: {reason}"
            return self._take(*self._in_memory())
        self._waiting = self.unsaved = None
        return self._take(written, self._layout.tokens(written.document, written.path))

    async def _current(self, change: Change, former: Content) -> tuple[Content, Tokens]:
        """What the file holds now; if it has gone with its directory, what it held."""
        try:
            return await self._settled()
        except Missing:
            return former, change.former

    def _in_memory(self) -> tuple[Content, Tokens]:
        """What the file would hold if it could be written."""
        assert self._waiting is not None
        new = self._changed(*self._waiting)
        return new, self._layout.tokens(new.document, new.path)

    def _changed(self, change: Change, content: Content) -> Content:
        document = content.document
        for path, value in self._layout.members(document, change.grant, change.expires, change.wall).items():
            document = changed(document, path, value)
        return replace(content, document=document)

    async def _settled(self) -> tuple[Content, Tokens]:
        """What the file holds, after some patience with one that is being written."""
        for pause in (*PAUSES, None):
            try:
                return await in_thread(self._look)
            except Unsettled as error:
                known = self.file.seen == self._broken and self.file.seen is not None
                if pause is None or known or (isinstance(error, Missing) and self.held is None):
                    self._broken = self.file.seen
                    raise
            await asyncio.sleep(pause)
        raise AssertionError  # the last pause is None

    def _look(self) -> tuple[Content, Tokens]:
        content = self.file.read()
        return content, self._layout.tokens(content.document, content.path)

    def _take(self, content: Content, tokens: Tokens) -> Held:
        """Keeps what was read; how early it is to be renewed is drawn once for each token."""
        held = self.held
        if held is None or held.tokens != tokens:
            deadline = self._deadline(tokens)
            self.held = held = Held(content, tokens, deadline, self._early(deadline))
        return held

    def _deadline(self, tokens: Tokens) -> float:
        now = self._clock.steady()
        if tokens.access is None:
            return -math.inf
        if self.last is not None and self.last.is_in(tokens):
            return self.last.deadline
        if tokens.expires is None:
            return math.inf
        left = tokens.expires - self._clock.wall() - (self._skew if tokens.by_provider else 0.0)
        return now + (left if tokens.issued is None else min(left, tokens.expires - tokens.issued))

    def _early(self, deadline: float) -> float:
        """Not more than half of what is left, but for the first: or those that live short would be renewed forever."""
        drawn, left = self._margins.drawn(), deadline - self._clock.steady()
        return drawn if self.held is None else min(drawn, max(left, 0.0) / 2)
