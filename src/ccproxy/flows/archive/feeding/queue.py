"""What waits for the archive's writer. The event loop puts in, one thread takes out; no lock is shared.

Every number and every container here is written by one of the two only, or by operations that CPython does in one step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccproxy.flows.archive.feeding.shell import shell_of
from ccproxy.flows.store import RECORD_BYTES, size_of

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange

MOST_WAITING = 10_000
"""Flows; beyond these even what is known of a flow beside its bodies is dropped."""


@dataclass(slots=True, eq=False)
class Item:
    """A flow on its way, or ids that are to be forgotten."""

    number: int
    exchange: Exchange | None = None
    id: str = ""
    """Of the flow."""
    size: int = 0
    ids: tuple[str, ...] = ()
    sent: bool = False
    forgotten: bool = False
    tries: int = 0
    """How many writers died while it was the first of what they had."""


@dataclass(slots=True)
class Dropped:
    """What there was no room for."""

    bodies: int = 0
    """Flows that are archived without their bodies."""
    flows: int = 0
    """Flows that are not archived."""


@dataclass(slots=True)
class Queue:
    """A bounded queue whose items stay until they are acknowledged."""

    limit: int
    """Bytes."""
    remembered: int
    """How many ids of archived flows are kept."""
    dropped: Dropped = field(default_factory=Dropped)
    written: int = 0
    """Flows that the archive has taken."""
    lost: int = 0
    """Flows that it could not take."""
    _unsent: deque[Item] = field(default_factory=deque)
    _sent: deque[Item] = field(default_factory=deque)
    _items: dict[str, Item] = field(default_factory=dict)
    _archived: dict[str, None] = field(default_factory=dict)
    _number: int = 0
    _taken: int = 0
    _released: int = 0

    # The event loop's side.

    def put(self, ex: Exchange) -> bool:
        """Takes a finished exchange, without its bodies if there is no room for them. False: not even so."""
        size, waiting = size_of(ex), self.bytes
        if len(self._items) >= MOST_WAITING:
            self.dropped.flows += 1
            return False
        if waiting and waiting + size > self.limit:
            self.dropped.bodies += 1
            ex, size = shell_of(ex), RECORD_BYTES
        self._append(ex, size)
        return True

    def forget(self, ids: Collection[str]) -> int:
        """Lets flows that wait not get to the archive; returns how many they were."""
        known = [item for id in ids if (item := self._items.get(id)) is not None]
        for item in known:
            item.forgotten = True
        for id in ids:
            self._archived.pop(id, None)
        if sent := tuple(item.id for item in known if item.sent):
            self._number += 1
            self._unsent.append(Item(self._number, ids=sent))
        return len(known)

    def forget_all(self) -> None:
        """The same for all that waits."""
        self.forget(list(self._items))

    def is_archived(self, id: str) -> bool:
        """Whether the archive has said that it has a flow."""
        return id in self._archived

    @property
    def bytes(self) -> int:
        """What waits, about."""
        return self._taken - self._released

    def __len__(self) -> int:
        return len(self._items)

    def _append(self, ex: Exchange, size: int) -> None:
        self._number += 1
        item = Item(self._number, ex, ex.id, size)
        self._taken += size
        self._items[ex.id] = item
        self._unsent.append(item)

    # The thread's side.

    def next(self) -> Item | None:
        """The next to be sent; None if there is none."""
        while self._unsent:
            item = self._unsent.popleft()
            self._sent.append(item)
            item.sent = True  # before the look: who forgets it from now on sends word after it
            if not item.forgotten:
                return item
            self._sent.pop()
            self._release(item)
        return None

    def acknowledge(self, number: int) -> None:
        """Everything up to this is on the disk, or never will be."""
        while self._sent and self._sent[0].number <= number:
            item = self._sent.popleft()
            if item.id and not item.forgotten:
                self.written += 1
                self._archived[item.id] = None
            self._release(item)
        while len(self._archived) > self.remembered:
            self._archived.pop(next(iter(self._archived)), None)

    def lose(self, id: str) -> None:
        """A flow will never be on the disk; its number is acknowledged later."""
        if (item := self._items.get(id)) is not None:
            item.forgotten = True
            self.lost += 1

    def take_back(self) -> Item | None:
        """A writer died: all that it had is to be sent again. Returns the first of it."""
        first = self._sent[0] if self._sent else None
        for item in self._sent:
            item.sent = False
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()
        return first

    @property
    def unsent(self) -> bool:
        """Whether there is something to send."""
        return bool(self._unsent)

    @property
    def unacknowledged(self) -> bool:
        """Whether a writer has something that it has not spoken of."""
        return bool(self._sent)

    def _release(self, item: Item) -> None:
        self._released += item.size
        if self._items.get(item.id) is item:
            del self._items[item.id]
        item.exchange = None
