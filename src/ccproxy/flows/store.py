"""Where exchanges are kept while the daemon runs.

The store is on the hot path of every exchange: `begin` and `finish` cost about a microsecond together, look at lengths
only and wait for nothing. Whoever wants to do more with an exchange subscribes and does it later.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from ccproxy.exchange import Exchange, Headers, HttpResponse, Message

log = logging.getLogger(__name__)

type Listener = Callable[[Exchange], None]
type Unsubscribe = Callable[[], None]

RECORD_BYTES = 4096
"""What a record costs beside its bodies: objects, headers, timings. A round figure, measured at 3 to 5 KB."""
CHUNK_BYTES = 48
"""What CPython adds to each kept chunk: the bytes object's head and its place in the list."""
MESSAGE_BYTES = 200
"""What a message of a conversation, or a header field, costs beside its content."""


class FlowStore(Protocol):
    """What every kind of store can do. Exchanges are the live objects, not copies."""

    def begin(self, ex: Exchange) -> None:
        """Takes an exchange whose request has arrived."""

    def finish(self, ex: Exchange) -> None:
        """Notes that nothing more will happen to an exchange."""

    def get(self, key: str) -> Exchange | None:
        """The exchange with this id, or the only one whose id starts so; None if there is none or more than one."""

    def list(self) -> list[Exchange]:
        """All exchanges, the oldest first."""

    def clear(self) -> int:
        """Forgets the finished exchanges and returns how many they were. Those under way stay."""

    def forget(self, ids: Collection[str]) -> int:
        """Forgets these, as far as they are there and finished; returns how many there were."""

    def subscribe(self, listener: Listener, cleared: Callable[[], None] | None = None) -> Unsubscribe:
        """Calls `listener` at each begin and each finish, `cleared` after each clear, until the returned function is
        called. Both run on the hot path: they must be O(1)."""

    def __contains__(self, key: str) -> bool:
        """Whether there is an exchange with exactly this id."""

    def __len__(self) -> int:
        """How many exchanges there are."""

    @property
    def active(self) -> int:
        """How many of them are under way."""


class MemoryStore:
    """A store bounded by number and bytes of the finished exchanges; those that finished first go first.

    The newest finished exchange always stays, however large it is.
    """

    def __init__(self, max_flows: int = 1000, max_bytes: int = 32 * 1024 * 1024) -> None:
        self.max_flows = max_flows
        self.max_bytes = max_bytes
        self.bytes = 0
        """What the finished exchanges take, about."""
        self._exchanges: dict[str, Exchange] = {}
        self._finished: OrderedDict[str, int] = OrderedDict()
        self._listeners: tuple[Listener, ...] = ()
        self._cleared: tuple[Callable[[], None], ...] = ()

    def begin(self, ex: Exchange) -> None:
        """Takes an exchange whose request has arrived."""
        self._exchanges[ex.id] = ex
        for listener in self._listeners:
            _tell(listener, ex)

    def finish(self, ex: Exchange) -> None:
        """Notes that an exchange is over; makes room by forgetting older ones. A second call changes nothing."""
        finished = self._finished
        if ex.id in finished:
            return
        self._exchanges[ex.id] = ex
        size = finished[ex.id] = size_of(ex)
        self.bytes += size
        while (len(finished) > self.max_flows or self.bytes > self.max_bytes) and len(finished) > 1:
            old, size = finished.popitem(last=False)
            self.bytes -= size
            del self._exchanges[old]
        for listener in self._listeners:
            _tell(listener, ex)

    def get(self, key: str) -> Exchange | None:
        """The exchange with this id, or the only one whose id starts so; None if there is none or more than one."""
        if exact := self._exchanges.get(key):
            return exact
        matches = [ex for name, ex in self._exchanges.items() if key and name.startswith(key)]
        return matches[0] if len(matches) == 1 else None

    def list(self) -> list[Exchange]:
        """All exchanges, in the order in which they began."""
        return list(self._exchanges.values())

    def clear(self) -> int:
        """Forgets the finished exchanges and returns how many they were. Those under way stay."""
        count = len(self._finished)
        for key in self._finished:
            del self._exchanges[key]
        self._finished.clear()
        self.bytes = 0
        for cleared in self._cleared:
            cleared()
        return count

    def forget(self, ids: Collection[str]) -> int:
        """Forgets these, as far as they are there and finished; returns how many there were."""
        known = [key for key in ids if key in self._finished]
        for key in known:
            self.bytes -= self._finished.pop(key)
            del self._exchanges[key]
        return len(known)

    def subscribe(self, listener: Listener, cleared: Callable[[], None] | None = None) -> Unsubscribe:
        """See `FlowStore.subscribe`. A listener that raises is logged and does not hurt the exchange."""
        self._listeners = (*self._listeners, listener)
        if cleared is not None:
            self._cleared = (*self._cleared, cleared)

        def unsubscribe() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)
            self._cleared = tuple(each for each in self._cleared if each is not cleared)

        return unsubscribe

    def __contains__(self, key: str) -> bool:
        return key in self._exchanges

    def __len__(self) -> int:
        return len(self._exchanges)

    @property
    def active(self) -> int:
        """How many exchanges are under way."""
        return len(self._exchanges) - len(self._finished)


def size_of(ex: Exchange) -> int:
    """About how many bytes of memory an exchange holds. A body that two of its records share counts once."""
    request, forwarded = ex.request.body, ex.forwarded
    size = RECORD_BYTES + len(request)
    if forwarded is not None and forwarded.body is not request:
        size += len(forwarded.body)
    response = ex.response
    if response is not None:
        size += _kept(response)
    if ex.provider_response is not None and ex.provider_response is not response:
        size += _kept(ex.provider_response)
    if ex.websocket is not None:
        frames = ex.websocket.from_client + ex.websocket.from_server
        size += sum(map(len, frames)) + CHUNK_BYTES * len(frames) + _said(ex.websocket.messages)
    if ex.raw is not None:
        size += _said(ex.raw.messages)
    for attempt in ex.attempts:
        if attempt.headers or attempt.interim:  # seldom: of an answer that another attempt followed, or before the last
            size += len(attempt.body) + _fields(attempt.headers) + sum(_fields(each) for _, each in attempt.interim)
    return size


def _fields(headers: Headers) -> int:
    return MESSAGE_BYTES * len(headers) + sum(len(name) + len(value) for name, value in headers)


def _said(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages) + MESSAGE_BYTES * len(messages)


def _kept(response: HttpResponse) -> int:
    chunks = response.chunks
    size = (len(chunks[0]) if len(chunks) == 1 else sum(map(len, chunks))) + CHUNK_BYTES * len(chunks)
    return size + _fields(response.trailers) if response.trailers else size


def _tell(listener: Listener, ex: Exchange) -> None:
    try:
        listener(ex)
    except Exception:
        log.exception("a listener of the flow store failed for exchange %s", ex.id)
