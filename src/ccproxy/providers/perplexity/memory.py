"""Which thread at the provider a conversation of a client is.

A conversation is known by all that was said in it before its last question, so one that merely begins as another did is
none of its turns. Where two agree word for word, each has a thread of its own all the same.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from weakref import ref

from ccproxy.exchange import Exchange

type Turns = Iterable[tuple[str, str]]
"""Roles and texts, in their order."""
type Thread = Mapping[str, Any]
"""`backend_uuid`, `context_uuid`, `read_write_token`: what a follow-up has to name."""

MOST_THREADS = 10_000
UNTOUCHED = frozenset({401, 402, 403, 407, 408, 425, 429})
"""Statuses of refusals by which a thread stays what it was; those from 500 on are the same."""
UNSENT = frozenset({"connect", "tls", "overloaded"})
"""Failures of requests that have not left."""


def key_of(provider: str, session: str, turns: Turns, files: Iterable[str] = ()) -> str:
    """By what a conversation is known.

    Args:
        provider: the name in the providers map.
        session: the client's own id of its session; empty where it tells none.
        turns: all that was said so far. Clients trim and divide what they send again, so white space does not count.
        files: digests of the files that went with it.
    """
    said = [word for role, text in turns for word in (role, "".join(text.split()))]
    digest = sha256()
    for word in (provider, session, str(len(said)), *said, *files):
        data = word.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(data), data))
    return digest.hexdigest()


def may_have_moved(exchange: Exchange) -> bool:
    """Whether the thread that an exchange was to go on with may have another end now, though no whole answer came."""
    answer = exchange.provider_response
    if answer is not None:
        return answer.status < 500 and answer.status not in UNTOUCHED
    return any(attempt.failure is None or attempt.failure.kind not in UNSENT for attempt in exchange.attempts)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn of former days left behind."""

    thread: Thread
    """As `Exchange.thread` has it; without a `key` where it was not answered to its end."""
    finished: float
    """Seconds since the epoch."""
    system: str | None
    """Which instructions the conversation has."""
    moved: bool
    """See `may_have_moved`; of no interest where there is a key."""


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

        Of several, the newest is chosen that has the exchange's instructions, else the newest.
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


def name_of(thread: Thread) -> str:
    """By what a thread is told from others, whatever its last entry is; empty where it says nothing of itself."""
    return str(thread.get("context_uuid") or thread.get("slug") or thread.get("backend_uuid") or "")


def is_whole(thread: Thread) -> bool:
    """Whether a thread from elsewhere can be gone on with: the ids that there are are texts."""
    ids = [thread.get(name) for name in ("key", "backend_uuid", "context_uuid", "read_write_token")]
    return bool(ids[0] and ids[1]) and all(value is None or isinstance(value, str) for value in ids)
