"""Which thread at the provider a conversation of a client is.

A conversation is known by all that was said in it before its last question, so one that merely begins as another did is
none of its turns. Where two agree word for word, each has a thread of its own all the same.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal
from weakref import ref

from ccproxy.exchange import Exchange
from ccproxy.providers.perplexity.turns import Thread, Turn, is_whole, may_have_moved, name_of

MOST_THREADS = 10_000


@dataclass(slots=True)
class Held:
    """A thread that is remembered."""

    key: str
    thread: Thread
    system: str | None
    """Which instructions the conversation has."""
    used: float
    borrower: ref[Exchange] | None = None
    """Who goes on with it. A thread has one end only, so nobody else does meanwhile."""

    @property
    def standing(self) -> Literal["free", "lent", "lost"]:
        """Whether it can be had. It is lost where its borrower has gone and left it with an end that nobody knows."""
        if self.borrower is None:
            return "free"
        exchange = self.borrower()
        if exchange is not None and not exchange.done:
            return "lent"
        return "lost" if exchange is None or may_have_moved(exchange) else "free"


class ThreadMemory:
    """To be used from one event loop.

    Args:
        ttl: seconds for which a thread is remembered; each use begins them anew.
        clock: seconds, from any beginning.
        most: threads that are remembered; the ones that were used longest ago go first.
    """

    def __init__(self, ttl: float, clock: Callable[[], float] = time.monotonic, most: int = MOST_THREADS) -> None:
        self.ttl, self._clock, self._most = ttl, clock, most
        self._held: OrderedDict[str, Held] = OrderedDict()  # by thread, the one that was used last at the end
        self._keys: dict[str, list[str]] = {}

    def __len__(self) -> int:
        self._forget_old()
        return len(self._held)

    def find(self, key: str, exchange: Exchange) -> Thread | None:
        """The thread of a conversation, lent to an exchange until that is done; None where there is none to be had.

        Of several, the newest is chosen that has the exchange's instructions, else the newest: only where the client
        tells its session can they have others (see `turns.Scope`).
        """
        self._forget_old()
        known = {name: self._held[name].standing for name in reversed(self._keys.get(key, ()))}
        for name in [name for name, standing in known.items() if standing == "lost"]:
            self.forget(name)
        free = [self._held[name] for name, standing in known.items() if standing == "free"]
        if not free:
            return None
        held = next((held for held in free if held.system == exchange.system_hash), free[0])
        held.borrower, held.used = ref(exchange), self._clock()
        self._held.move_to_end(name_of(held.thread))
        return held.thread

    def keep(self, key: str, thread: Thread, system: str | None = None) -> None:
        """Remembers where a conversation goes on. The thread's former place is forgotten: it has another end now.

        Args:
            key: by which the next turn will look for it.
            thread: `backend_uuid`, `context_uuid`, …; one that nobody could go on with is not remembered.
            system: which instructions the conversation has.
        """
        name = name_of(thread)
        self.forget(name)
        self._forget_old()
        if not thread.get("backend_uuid"):
            return
        self._held[name] = Held(key, thread, system, self._clock())
        self._keys.setdefault(key, []).append(name)
        if len(self._held) > self._most:
            self.forget(next(iter(self._held)))

    def restore(self, turns: Iterable[Turn], now: float) -> None:
        """Remembers what turns of former days left behind, beside what is known already.

        Args:
            turns: the newest first.
            now: seconds since the epoch.
        """
        seen = set(self._held)
        for turn in turns:
            name, key, age = name_of(turn.thread), turn.thread.get("key"), max(now - turn.finished, 0.0)
            if name in seen or not (key or turn.moved):
                continue
            seen.add(name)
            if is_whole(turn.thread) and age < self.ttl and len(self._held) < self._most:
                self._held[name] = Held(str(key), turn.thread, turn.system, self._clock() - age)
                self._held.move_to_end(name, last=False)
                self._keys.setdefault(str(key), []).insert(0, name)

    def forget(self, name: str) -> None:
        """Forgets a thread by its name (see `name_of`), if it is there."""
        held = self._held.pop(name, None)
        if held is None:
            return
        names = self._keys[held.key]
        names.remove(name)
        if not names:
            del self._keys[held.key]

    def _forget_old(self) -> None:
        oldest = self._clock() - self.ttl
        while self._held:
            name, held = next(iter(self._held.items()))
            if held.used > oldest:
                return
            self.forget(name)
