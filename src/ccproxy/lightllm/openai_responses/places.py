"""Places in the output of a response, and the events by which items take and leave them."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.openai_responses.frames import Frames

type Wire = dict[str, Any]


class Places:
    """The output as it grows.

    Items open in any order and are done in the order of their places, although a later one may be whole sooner:
    Codex keeps as its history what is done, in that order.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._items: list[Wire | None] = []
        self._done = 0
        self._ids: set[str] = set()

    def items(self) -> list[Wire]:
        """The items that are done."""
        return [item for item in self._items[: self._done] if item is not None]

    def take(self) -> int:
        """The next place: the `output_index` of a new item."""
        self._items.append(None)
        return len(self._items) - 1

    def added(self, place: int, item: Wire) -> bytes:
        """Announces an item."""
        return self.frames.event("response.output_item.added", output_index=place, item=item)

    def done(self, place: int, item: Wire) -> bytes:
        """An item is whole; it is told so when all before it have been."""
        self._items[place] = item
        out = []
        while self._done < len(self._items) and (ready := self._items[self._done]) is not None:
            out.append(self.frames.event("response.output_item.done", output_index=self._done, item=ready))
            self._done += 1
        return b"".join(out)

    def new_id(self, prefix: str, given: str = "", keep: bool = False) -> str:
        """An id that no other item has: the given one if it looks native or is to be kept, else a new one."""
        id = given if given and (keep or given.startswith(prefix)) and given not in self._ids else new_id(prefix)
        self._ids.add(id)
        return id

    def has_id(self, id: str) -> bool:
        """True if an item bears this id."""
        return id in self._ids
