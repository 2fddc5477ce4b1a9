"""Turns of conversations: by what a conversation is known, and what a turn has left behind at the provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ccproxy.auth.redaction import HIDDEN
from ccproxy.exchange import Exchange
from ccproxy.providers.provider import token_in

type Turns = Iterable[tuple[str, str]]
"""Roles and texts, in their order."""
type Thread = Mapping[str, Any]
"""`backend_uuid`, `context_uuid`, `read_write_token`: what a follow-up has to name."""

UNTOUCHED = frozenset({401, 402, 407, 408, 425, 429, 503})
"""Statuses of refusals by which a thread stays what it was. By others (400, 403, 404) it may be that it cannot be gone
on with: somebody has done that in a browser, or deleted it. Then a next try must not meet the same."""
UNSENT = frozenset({"connect", "tls", "overloaded"})
"""Failures of requests that have not left."""
SHORT_DIGITS = 12
"""Hexadecimal digits of what need not be told from all others."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Within what a conversation is looked for: all of it has to agree beside what was said."""

    provider: str
    """The name in the providers map."""
    session: str = ""
    """The client's own id of its session; empty where it tells none."""
    account: str = ""
    """See `account_of`: another account has other threads."""
    space: str = ""
    """The space that it is in; empty for none."""
    instructions: Iterable[str] = ()
    """The system prompts. They do not count in a session that the client tells: agents change theirs every turn, and it
    is one conversation nevertheless. In none, those who have the same words may be strangers to each other."""

    @property
    def words(self) -> list[str]:
        """What makes it another one."""
        said = [] if self.session else [normal(text) for text in self.instructions]
        return [self.provider, self.session, self.account, self.space, str(len(said)), *said]


def key_of(scope: Scope, turns: Turns, files: Iterable[str] = ()) -> str:
    """By what a conversation is known.

    Args:
        scope: within what.
        turns: all that was said so far.
        files: digests of the files that went with it.
    """
    said = [word for role, text in turns for word in (role, normal(text))]
    digest = sha256()
    for word in (*scope.words, str(len(said)), *said, *files):
        data = word.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(data), data))
    return digest.hexdigest()


def digest_of(instructions: Iterable[str]) -> str:
    """What tells some system prompts from others; empty for none."""
    said = [normal(text) for text in instructions]
    return sha256("\0".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:SHORT_DIGITS] if said else ""


def normal(text: str) -> str:
    """A text as it is compared: clients trim what they send again, and divide it at blank lines."""
    return " ".join(text.split())


def account_of(token: str) -> str:
    """What tells one account's session from another's, and nothing of the session's token, which is random."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:SHORT_DIGITS] if token else ""


def token_sent(exchange: Exchange) -> str:
    """The session's token with which an exchange's question has left; empty if it has not."""
    sent = exchange.forwarded.headers if exchange.forwarded is not None else []
    return token_in([field for field in sent if field[0].decode("latin-1").lower() in exchange.credential_headers])


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
    """Whether a thread from elsewhere can be gone on with: the ids that there are are texts, and none is hidden."""
    ids = [thread.get(name) for name in ("key", "backend_uuid", "context_uuid", "read_write_token")]
    are_texts = all(value is None or (isinstance(value, str) and value != HIDDEN) for value in ids)
    return bool(ids[0] and ids[1]) and are_texts
