"""What hooks leave of an answer, put in order: writers take only what the grammar of events allows.

Nothing that a hook drops or adds fails an answer. What does not fit is mended so:

- Where the beginning of the answer or of a block was dropped, the rest of that block is dropped with it; an answer
  whose `MessageStart` was dropped begins with an empty one.
- Text, thinking or words of refusal for a block that is not open open one, which ends with the next event of another
  block: what a hook held back and lets go too late is not lost. Other deltas without a block of their kind are dropped.
- A block that opens at the index of an open one ends that one. `End` ends all that are open. A `BlockStop` without a
  block is dropped, and so is a delta without content.
- The result of a provider's own tool goes with its call. An answer whose calls were all dropped does not end for one.
- Nothing comes after `End` or `Error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.pipeline.families import LAST, OPENERS
from ccproxy.pipeline.wording import Wording

OPENED_BY: Mapping[type, type] = {
    ev.TextDelta: ev.TextStart,
    ev.CitationDelta: ev.TextStart,
    ev.LogprobsDelta: ev.TextStart,
    ev.ThinkingDelta: ev.ThinkingStart,
    ev.Signature: ev.ThinkingStart,
    ev.ArgumentsDelta: ev.ToolCallStart,
    ev.RefusalDelta: ev.RefusalStart,
}
REOPENING = frozenset({ev.TextDelta, ev.ThinkingDelta, ev.RefusalDelta})
SAYING = frozenset({ev.TextDelta, ev.RefusalDelta})
"""Deltas whose text is never empty."""
BESIDE = frozenset({ev.Ping, ev.UsageUpdate, ev.MessageStart})
"""Events that no block has to do with."""


class Order:
    """Puts the events of one answer in order. Of an answer that no hook has changed it changes nothing."""

    def __init__(self) -> None:
        self._open: dict[int, type] = {}
        self._reopened: int | None = None
        """The block that we have opened ourselves: it ends as soon as it can."""
        self._awaited: set[int | str] = set()
        """Blocks and calls that the provider has begun, and whose beginning has not come out."""
        self._started = self._over = False
        self._wording = Wording()
        self._calls = [0, 0]
        """How many calls came in, and how many went out."""

    def mend(self, event: ev.Event, left: Sequence[ev.Event]) -> list[ev.Event]:
        """What goes on of what hooks have left of an event as the provider sent it."""
        self._saw(event)
        self._wording.saw(event, left)
        return self.put(left)

    def _saw(self, event: Any) -> None:
        kind = type(event)
        if kind in OPENERS:
            self._awaited.add(event.index)
            self._calls[0] += kind is ev.ToolCallStart
        elif kind is ev.ServerToolCall:
            self._awaited.add(event.id)

    def put(self, events: Iterable[ev.Event]) -> list[ev.Event]:
        """Events in order."""
        out: list[ev.Event] = []
        for event in events:
            if self._over:
                break
            kind = type(event)
            if self._reopened is not None and kind not in BESIDE and getattr(event, "index", None) != self._reopened:
                self._stop(ev.BlockStop(self._reopened), out)
            if not self._started and kind not in AT_ANY_TIME:
                self._start(ev.MessageStart(), out)
            RULES.get(kind, Order._pass)(self, event, out)
        return out

    def _pass(self, event: ev.Event, out: list[ev.Event]) -> None:
        out.append(event)

    def _start(self, event: ev.MessageStart, out: list[ev.Event]) -> None:
        if not self._started:
            self._started = True
            out.append(event)

    def _begin(self, event: Any, out: list[ev.Event]) -> None:
        if event.index in self._open:
            self._stop(ev.BlockStop(event.index), out)
        self._open[event.index] = type(event)
        self._awaited.discard(event.index)
        self._calls[1] += type(event) is ev.ToolCallStart
        out.append(event)

    def _delta(self, event: Any, out: list[ev.Event]) -> None:
        kind, opener = type(event), OPENED_BY[type(event)]
        if kind in SAYING and not event.text:
            return
        found = self._open.get(event.index)
        if found is None and kind in REOPENING and event.index not in self._awaited:
            self._begin(opener(event.index), out)
            self._reopened = event.index
        elif found is not opener:
            return
        out.append(event)

    def _stop(self, event: ev.BlockStop, out: list[ev.Event]) -> None:
        self._awaited.discard(event.index)
        if self._open.pop(event.index, None) is not None:
            out.append(event)
        if event.index == self._reopened:
            self._reopened = None

    def _server_call(self, event: ev.ServerToolCall, out: list[ev.Event]) -> None:
        self._awaited.discard(event.id)
        self._wording.called(event)
        out.append(event)

    def _server_result(self, event: ev.ServerToolResult, out: list[ev.Event]) -> None:
        if event.call_id not in self._awaited:
            out.append(self._wording.result(event))

    def _unknown(self, event: ev.Unknown, out: list[ev.Event]) -> None:
        block = self._wording.unknown(event)
        if block is not None:
            out.append(block)

    def _finish(self, event: ev.Finish, out: list[ev.Event]) -> None:
        came, went = self._calls
        unfounded = event.reason is ev.StopReason.TOOL_CALL and came and not went
        out.append(ev.Finish(ev.StopReason.DONE) if unfounded else event)

    def _last(self, event: ev.Event, out: list[ev.Event]) -> None:
        self._over = True
        if type(event) is ev.End:
            for index in list(self._open):
                self._stop(ev.BlockStop(index), out)
        out.append(event)


AT_ANY_TIME = BESIDE | {ev.Error}
RULES: Mapping[type, Callable[[Order, Any, list[ev.Event]], None]] = {
    ev.MessageStart: Order._start,
    **dict.fromkeys(OPENERS, Order._begin),
    **dict.fromkeys(OPENED_BY, Order._delta),
    ev.BlockStop: Order._stop,
    ev.ServerToolCall: Order._server_call,
    ev.ServerToolResult: Order._server_result,
    ev.Unknown: Order._unknown,
    ev.Finish: Order._finish,
    **dict.fromkeys(LAST, Order._last),
}
