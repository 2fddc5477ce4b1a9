"""The account that a Code Assist provider's credential belongs to: which project its requests are made for.

No request waits for that: until the project is known, requests go without one.
"""

from __future__ import annotations

import asyncio
import logging
import math

from ccproxy.auth.clock import Clock
from ccproxy.providers.code_assist_answers import SetupFailed
from ccproxy.providers.code_assist_setup import Call, NotOnboarded, Pause, Setup
from ccproxy.providers.provider import NoCredential, Provider

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds between a failure and the next try, doubled each time."""
REFUSED_PAUSE = 60.0
"""Seconds between two looks because of requests that were refused."""
MOST_SAID = 100
NOT_ONBOARDED = "the account has not used Code Assist yet; the first request sets it up"

logger = logging.getLogger(__name__)


class Account:
    """To be used from one event loop.

    Args:
        provider: whose account it is.
        project: the one that is configured, which counts whatever Google says.
        call: the way to the provider; None for those who have no business there.
        clock: what pauses are measured by.
        pause: see `Setup`.
    """

    def __init__(
        self,
        provider: Provider,
        project: str | None,
        call: Call | None = None,
        clock: Clock | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._provider, self._configured, self._call = provider, project, call
        self._clock, self._wait = clock or Clock(), pause
        self._found: str | None = None
        self._failure: str | None = None
        self._said: set[str] = set()
        self._told: str | None = None
        self._run: asyncio.Task[None] | None = None
        self._pause, self._next, self._next_of_refused = 0.0, -math.inf, -math.inf
        self._closed = False

    @property
    def is_looked_after(self) -> bool:
        """False where nobody has a way to ask for it, so that nothing can be said of it."""
        return self._call is not None

    @property
    def project(self) -> str | None:
        """The project to name in requests, as far as it is known by now."""
        return self._configured or self._found

    @property
    def trouble(self) -> str | None:
        """Why it is not known, or could not be found out anew; None if all is well."""
        if self._failure is not None:
            return self._failure
        return None if self.project is not None else "it is not known yet"

    def begin(self, *, onboards: bool = True) -> None:
        """Asks Google in the background: once, and after a failure again when it is time for another try.

        `onboards`: an account that has never used Code Assist is put into a tier. Not before somebody wants to use it.
        """
        if self._found is None:
            self._start(onboards=onboards)

    def refused(self) -> None:
        """A request with the project was refused (403): it may be another by now."""
        now = self._clock.steady()
        if now >= self._next_of_refused:
            self._next_of_refused = now + REFUSED_PAUSE
            self._start()

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        if self._run is not None:
            await asyncio.wait((self._run,))

    async def close(self) -> None:
        """Ends what is under way; nothing is begun any more."""
        self._closed = True
        if self._run is not None:
            self._run.cancel()
        await self.settled()

    def _start(self, *, onboards: bool = True) -> None:
        is_busy = self._run is not None and not self._run.done()
        if self._call is None or self._closed or is_busy or self._clock.steady() < self._next:
            return
        self._run = asyncio.get_running_loop().create_task(self._look(self._call, onboards))

    async def _look(self, call: Call, onboards: bool) -> None:
        setup = Setup(self._provider, self._configured, call, self._wait)
        try:
            self._succeeded(await setup.project(onboards=onboards))
        except NotOnboarded:
            self._failure = NOT_ONBOARDED
        except NoCredential as error:
            self._failure = str(error)  # which those are told whose requests need one
        except SetupFailed as error:
            self._failed(error.told(setup.tokens))
        except Exception as error:  # noqa: BLE001  whatever it is, requests go on, and it is tried again
            self._failed(SetupFailed(repr(error)).told(setup.tokens))

    def _succeeded(self, project: str) -> None:
        self._found, self._failure, self._pause, self._next = project, None, 0.0, -math.inf
        self._said.clear()
        if self.project != self._told:
            self._told = self.project
            logger.info("provider %r: its requests are made for the project %s", self._provider.name, self.project)

    def _failed(self, reason: str) -> None:
        self._failure = reason
        self._pause = min(max(FIRST_PAUSE, self._pause * 2), LONGEST_PAUSE)
        self._next = self._clock.steady() + self._pause
        if reason in self._said or len(self._said) >= MOST_SAID:
            return
        self._said.add(reason)
        lack = f"with the project {self.project}" if self.project is not None else "without a project"
        logger.warning("provider %r: Code Assist: %s; its requests go %s", self._provider.name, reason, lack)
