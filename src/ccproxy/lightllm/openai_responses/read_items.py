"""Output items as a stream brings them: what has been told of an item, and what its end still adds.

Servers tell the same thing several times: in deltas, in `.done` events, in `output_item.done` and in the response at
the end; and not all tell it everywhere. Every item counts what it has passed on, and each retelling yields the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.openai_responses.read_message import Events, Message, Numbers, owned
from ccproxy.lightllm.openai_responses.read_server_items import read_server_item
from ccproxy.lightllm.signatures import unsealed

ORIGIN = WireFormat.OPENAI_RESPONSES
type Wire = dict[str, Any]


@dataclass(slots=True)
class Reasoning:
    """A reasoning item: one block, which opens with the first word or signature, for most items have neither."""

    numbers: Numbers
    id: str = ""
    index: int = -1
    told: dict[tuple[bool, int], int] = field(default_factory=dict)
    done: bool = False
    calls = False
    refuses = False

    def begin(self, item: dict[str, Any]) -> Events:
        """Keeps the id. Encrypted content is not whole before the item is."""
        self.id = str(item.get("id") or self.id)
        return []

    def text(self, key: int, delta: str, raw: bool) -> Events:
        """More of a summary, or of the thinking itself."""
        if not delta or self.done:
            return []
        out = self._opened()
        self.told[raw, key] = self.told.get((raw, key), 0) + len(delta)
        out.append(ev.ThinkingDelta(self.index, delta, key, raw))
        return out

    def rest(self, key: int, whole: str, raw: bool) -> Events:
        """What is missing of a summary, or of the thinking itself."""
        return self.text(key, whole[self.told.get((raw, key), 0) :], raw)

    @staticmethod
    def _words(given: Any) -> list[str]:
        parts = given if isinstance(given, list) else []
        words = [part.get("text") if isinstance(part, dict) else part for part in parts]
        return [text if isinstance(text, str) else "" for text in words]

    def _retold(self, words: list[str], raw: bool) -> bool:
        """True for the same thinking under the other name: some servers stream the one and close with the other."""
        told = sum(self.told.values())
        return told > 0 and all(key[0] is not raw for key in self.told) and told == sum(map(len, words))

    def _opened(self) -> Events:
        if self.index >= 0:
            return []
        self.index = self.numbers()
        return [ev.ThinkingStart(self.index, self.id)]

    def finish(self, item: dict[str, Any]) -> Events:
        """The item is whole."""
        out = self.begin(item)
        for raw, name in ((False, "summary"), (True, "content")):
            words = self._words(item.get(name))
            if not self._retold(words, raw):
                for key, text in enumerate(words):
                    out += self.rest(key, text, raw)
        sealed = item.get("encrypted_content")
        if isinstance(sealed, str) and sealed and not self.done:
            out += [*self._opened(), ev.Signature(self.index, unsealed(sealed, ORIGIN))]
        if self.index >= 0 and not self.done:
            out.append(ev.BlockStop(self.index))
        self.done = True
        return out


@dataclass(slots=True)
class Call:
    """A call of one of the client's tools. It opens when its name is known."""

    numbers: Numbers
    custom: bool
    id: str = ""
    index: int = -1
    told: int = 0
    held: list[str] = field(default_factory=list)
    done: bool = False
    own: dict[str, Any] | None = None
    calls = True
    refuses = False

    def begin(self, item: dict[str, Any], name: str = "") -> Events:
        """Opens the block, if the item has a name."""
        name = str(item.get("name") or name)
        self.id = str(item.get("call_id") or item.get("id") or self.id)
        self.own = owned(item, "id", "namespace") or self.own
        if self.index >= 0 or not name:
            return []
        self.index = self.numbers()
        out: Events = [ev.ToolCallStart(self.index, self.id or new_id("call_"), name, self.custom, self.own)]
        if self.held:
            out.append(ev.ArgumentsDelta(self.index, "".join(self.held)))
            self.held.clear()
        return out

    def arguments(self, delta: str) -> Events:
        """More of the arguments, or of the input of a custom tool."""
        if not delta or self.done:
            return []
        self.told += len(delta)
        if self.index < 0:
            self.held.append(delta)
            return []
        return [ev.ArgumentsDelta(self.index, delta)]

    def rest(self, whole: Any) -> Events:
        """The arguments, if no delta has brought them. Retellings may space the JSON another way, so no rest is cut."""
        if isinstance(whole, dict | list):
            whole = orjson.dumps(whole).decode()
        return self.arguments(whole) if isinstance(whole, str) and not self.told else []

    def finish(self, item: dict[str, Any]) -> Events:
        """The call is whole."""
        if self.done:
            return []
        given = item.get("input" if self.custom else "arguments")
        out = [*self.begin(item, "function"), *self.rest(given), ev.BlockStop(self.index)]
        self.done = True
        return out


@dataclass(slots=True)
class Server:
    """An item of the provider's own tools: nothing of it is told before it is whole."""

    done: bool = False
    calls = False
    refuses = False

    def begin(self, item: dict[str, Any]) -> Events:
        """Nothing yet."""
        return []

    def finish(self, item: dict[str, Any]) -> Events:
        """The item is whole."""
        if self.done or not item:
            return []
        self.done = True
        return read_server_item(item)


type Item = Message | Reasoning | Call | Server


class Items:
    """The items of one response, in the order in which they opened.

    An item is known by its id and by its place in the output. Servers get one or the other wrong: ids that change from
    event to event, or one place for all.
    """

    def __init__(self) -> None:
        self.all: list[Item] = []
        self.by_key: dict[str | int | None, Item] = {}
        self._numbers = count().__next__

    def new(self, given: Wire, place: int | None) -> Item:
        """Begins an item that is announced, or told at once."""
        kind = given.get("type")
        item: Item
        if kind == "message":
            item = Message(self._numbers)
        elif kind == "reasoning":
            item = Reasoning(self._numbers)
        elif kind in CALLS:
            item = Call(self._numbers, kind == "custom_tool_call")
        else:
            item = Server()
        self.all.append(item)
        for key in (given.get("id"), place):
            if isinstance(key, int) or (isinstance(key, str) and key):
                self.by_key[key] = item
        return item

    def of(self, wire: Wire, kind: str) -> Any:
        """The item that an event is about; one that was never announced is of this kind."""
        expected = KINDS[kind]
        latest = self.all[-1] if self.all else None
        id, place = wire.get("item_id"), wire.get("output_index")
        for item in (self.by_key.get(id), self.by_key.get(place), latest if place is None else None):
            if type(item) is expected:
                return item
        item = self.new({"type": kind, "id": id}, place)
        item.begin({"id": id})
        return item

    def ending(self, given: Wire, place: int | None) -> Item | None:
        """The item that `output_item.done` closes, a new one if it was never announced; None if it closes it again."""
        expected = KINDS.get(str(given.get("type")), Server)
        named = self.by_key.get(given.get("id"))
        if type(named) is expected:
            return None if named.done else named
        latest = self.all[-1] if self.all else None
        placed = latest if place is None else self.by_key.get(place)
        if type(placed) is expected and not placed.done:
            return placed
        return self.new(given, place)

    def retold(self, given: Wire, place: int) -> Item:
        """The item that the response at the end tells of once more, or a new one."""
        expected = KINDS.get(str(given.get("type")), Server)
        named = self.by_key.get(given.get("id"))
        if type(named) is expected:
            return named
        if place < len(self.all) and type(self.all[place]) is expected:
            return self.all[place]
        return self.new(given, None)


CALLS = ("function_call", "custom_tool_call")
KINDS: dict[str, type[Item]] = {"message": Message, "reasoning": Reasoning, **dict.fromkeys(CALLS, Call)}
