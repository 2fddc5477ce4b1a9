"""Tool calls out of deltas. Servers differ: some leave out index or id, repeat the name, or send calls whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.openai_chat.tolerance import members, words

LEGACY = "function_call"
"""Key of the one call that the field of that name holds."""


class Call:
    """One call that is being assembled."""

    __slots__ = ("custom", "held", "id", "index", "name", "native_id")

    def __init__(self) -> None:
        self.index = -1  # of its block, once that is open
        self.id = ""
        self.native_id = ""
        self.name = ""
        self.custom = False
        self.held: list[str] = []  # arguments that came before the name


class Calls:
    """All calls of an answer. They stay open until its end, since deltas may still come for any of them."""

    def __init__(self, new_index: Callable[[], int]) -> None:
        self._new_index = new_index
        self._by_key: dict[int | str, Call] = {}
        self._all: list[Call] = []
        self._ids: set[str] = set()
        self._last: Call | None = None

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, entry: dict[str, Any], events: list[ev.Event], position: int | None = None) -> None:
        """Takes an entry of `tool_calls`. `position` is its place in a whole message, where every entry is a call."""
        custom = "custom" in entry
        body = members(entry.get("custom" if custom else "function"))
        name, id = words(body.get("name")), str(entry.get("id") or "")
        call = self._call(entry.get("index") if position is None else position, id, name)
        call.custom = call.custom or custom
        call.native_id = call.native_id or id
        if call.index < 0 and name:
            self._signature(entry, events)
            self._open(call, name, events)
        self._arguments(call, body.get("input" if custom else "arguments"), events)

    def add_legacy(self, body: dict[str, Any], events: list[ev.Event]) -> None:
        """Takes a `function_call`."""
        self.add({"function": body, "index": LEGACY}, events, None)

    def close(self, events: list[ev.Event]) -> None:
        """Ends all calls; one whose name never came gets one, so that its arguments are not lost."""
        for call in self._all:
            if call.index < 0:
                self._open(call, "unknown", events)
            events.append(ev.BlockStop(call.index))

    def _call(self, index: Any, id: str, name: str) -> Call:
        """The call that an entry belongs to; a new one where index, id and name say that it is none of the known."""
        key: int | str = index if isinstance(index, int) or index == LEGACY else (f"id {id}" if id else "")
        call = self._by_key.get(key) if key != "" else self._last
        if call is None or (id and name and call.native_id and call.native_id != id) or (key == "" and name):
            call = self._last = Call()
            # Some servers give every call index 0; what comes without an id afterwards is for the newest.
            self._by_key[key if key != "" else f"nth {len(self._by_key)}"] = call
            self._all.append(call)
        self._last = call
        return call

    def _open(self, call: Call, name: str, events: list[ev.Event]) -> None:
        call.name = name
        call.id = call.native_id if call.native_id and call.native_id not in self._ids else new_id("call_")
        self._ids.add(call.id)
        call.index = self._new_index()
        events.append(ev.ToolCallStart(call.index, call.id, name, call.custom))
        events.extend(ev.ArgumentsDelta(call.index, piece) for piece in call.held)
        call.held.clear()

    def _signature(self, entry: dict[str, Any], events: list[ev.Event]) -> None:
        """Gemini's signature of a call (ai.google.dev/gemini-api/docs/thought-signatures, OpenAI compatibility)."""
        signature = words(members(members(entry.get("extra_content")).get("google")).get("thought_signature"))
        if signature:
            index = self._new_index()
            opaque = ev.Opaque(WireFormat.GEMINI, signature)
            events.extend((ev.ThinkingStart(index), ev.Signature(index, opaque), ev.BlockStop(index)))

    def _arguments(self, call: Call, arguments: Any, events: list[ev.Event]) -> None:
        if arguments is None or arguments == "":
            return
        text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
        if call.index < 0:
            call.held.append(text)
        else:
            events.append(ev.ArgumentsDelta(call.index, text))
