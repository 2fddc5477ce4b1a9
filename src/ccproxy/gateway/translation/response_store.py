"""What the Responses API remembers, for providers that do not: conversations by response id, in bounded memory.

`previous_response_id` and `item_reference` of a translated request are looked up here. Nothing is written to disk; a
daemon that restarts has forgotten, and says so by a 400.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from ccproxy.gateway.errors import Refused

type Items = list[dict[str, Any]]


@dataclass(slots=True)
class Turn:
    """One request and its response."""

    previous: str | None
    input: Items
    response: dict[str, Any]
    size: int


class ResponseStore:
    """Keeps turns until there are too many; the least recently used goes first, and chains are used as one."""

    def __init__(self, max_turns: int = 2000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._max_turns, self._max_bytes, self._bytes = max_turns, max_bytes, 0

    def keep(self, previous: str | None, own_input: Items, response: dict[str, Any]) -> None:
        """Remembers a turn. `own_input` is what this request itself brought, without the turns before it.

        A provider may give an answer the id of an earlier one of the same conversation: its turn then holds all that
        came before, because a chain must not run in circles.
        """
        if response["id"] in self._chain(previous):
            try:
                previous, own_input = None, [*self.history(previous), *own_input]
            except Refused:  # its beginning has gone meanwhile
                return
        size = size_of([own_input, response])
        if size is None:
            return
        self._touch(previous)
        self._drop(response["id"])
        self._turns[response["id"]] = Turn(previous, own_input, response, size)
        self._bytes += size
        while self._turns and (len(self._turns) > self._max_turns or self._bytes > self._max_bytes):
            self._drop(next(iter(self._turns)))

    def history(self, id: str | None) -> Items:
        """All items up to and with a response, oldest first. Raises Refused where a link of the chain is not there."""
        turns: list[Turn] = []
        while id is not None:
            turn = self._turns.get(id)
            if turn is None:
                raise Refused(
                    400,
                    "previous_response_not_found",
                    f"previous_response_id {id!r} is not known here: for providers of other formats ccproxy keeps "
                    "conversations in memory, as long as there is room and it runs; send the whole input instead",
                )
            turns.append(turn)
            id = turn.previous
        self._touch(turns[0].response["id"] if turns else None)
        return [item for turn in reversed(turns) for item in (*turn.input, *turn.response["output"])]

    def item(self, id: str) -> dict[str, Any]:
        """An output item of any turn. Raises Refused if there is none of this id."""
        for turn in reversed(self._turns.values()):
            for item in turn.response["output"]:
                if item.get("id") == id:
                    return dict(item)
        raise Refused(400, "item_not_found", f"input: item_reference {id!r} is not known here; send the item itself")

    def turn(self, id: str) -> Turn | None:
        """A turn by the id of its response."""
        return self._turns.get(id)

    def forget(self, id: str) -> bool:
        """Deletes a turn; False if there was none."""
        return self._drop(id)

    def _touch(self, id: str | None) -> None:
        """Marks a chain as used, the oldest turn as the least recently."""
        for link in reversed(self._chain(id)):
            self._turns.move_to_end(link)

    def _chain(self, id: str | None) -> list[str]:
        """A response and those before it, as far as they are known."""
        chain: list[str] = []
        while id is not None and (turn := self._turns.get(id)) is not None:
            chain.append(id)
            id = turn.previous
        return chain

    def _drop(self, id: str) -> bool:
        turn = self._turns.pop(id, None)
        if turn is not None:
            self._bytes -= turn.size
        return turn is not None


def size_of(value: Any) -> int | None:
    """Bytes of a value as JSON; None where it is nested too deeply to be written."""
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return None


def items_of(value: Any) -> Items:
    """The `input` member of a request as items."""
    if isinstance(value, str):
        return [{"type": "message", "role": "user", "content": value}]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def own_items(document: dict[str, Any], store: ResponseStore) -> Items:
    """What a request itself brings, items in place of references. Raises Refused."""
    items = items_of(document.get("input"))
    return [store.item(str(item.get("id"))) if item.get("type") == "item_reference" else item for item in items]


def with_history(document: dict[str, Any], own: Items, store: ResponseStore) -> dict[str, Any]:
    """A request that needs no memory: the conversation before it, and its own items. Raises Refused."""
    for member in ("conversation", "background"):
        if document.get(member):
            raise Refused(400, "unsupported_parameter", f"{member} needs OpenAI's own service; remove it on this route")
    previous = document.get("previous_response_id") or None
    if previous is not None and not isinstance(previous, str):
        raise Refused(400, "invalid_request", "previous_response_id: not a string")
    if previous is None and own == items_of(document.get("input")):
        return document
    whole = {name: value for name, value in document.items() if name != "previous_response_id"}
    return {**whole, "input": [*store.history(previous), *own]}


TERMINAL = re.compile(rb"event: response\.(?:completed|incomplete)\r?\ndata: ")


def whole_response(answer: bytes) -> dict[str, Any] | None:
    """The response object in a body, or in the last bytes of a stream; None if there is none with an id."""
    events = list(TERMINAL.finditer(answer))
    data = answer[events[-1].end() :].partition(b"\n")[0] if events else answer
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    response = document.get("response", document) if isinstance(document, dict) else None
    return response if isinstance(response, dict) and isinstance(response.get("id"), str) else None
