"""Turns of conversations: by what a conversation is known, and what a turn has left behind at the provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ccproxy.exchange import Exchange

type Turns = Iterable[tuple[str, str]]
"""Roles and texts, in their order."""
type Thread = Mapping[str, Any]
"""`backend_uuid`, `context_uuid`, `read_write_token`: what a follow-up has to name."""

UNTOUCHED = frozenset({401, 402, 407, 408, 425, 429, 503})
"""Statuses of refusals by which a thread stays what it was. By others (400, 403, 404) it may be that it cannot be gone
on with: somebody has done that in a browser, or deleted it. Then a next try must not meet the same."""
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


def may_have_moved(exchange: Exchange) -> bool:
    """Whether the thread that an exchange was to go on with may have another end now, though no whole answer came."""
    answer = exchange.provider_response
    if answer is not None:
        return answer.status not in UNTOUCHED
    return any(attempt.failure is None or attempt.failure.kind not in UNSENT for attempt in exchange.attempts)


def name_of(thread: Thread) -> str:
    """By what a thread is told from others, whatever its last entry is; empty where it says nothing of itself."""
    return str(thread.get("context_uuid") or thread.get("slug") or thread.get("backend_uuid") or "")


def is_whole(thread: Thread) -> bool:
    """Whether a thread from elsewhere can be gone on with: the ids that there are are texts."""
    ids = [thread.get(name) for name in ("key", "backend_uuid", "context_uuid", "read_write_token")]
    return bool(ids[0] and ids[1]) and all(value is None or isinstance(value, str) for value in ids)
