"""What a provider says twice: where a hook has changed one of the two, the other would tell what it changed.

Events bear a provider's own wording (`raw`), which writers of its format write. A call of a provider's tool whose
wording holds its result (Responses) is without it once a hook has changed or dropped the result, or a picture that the
tool made. Gemini's sources, which repeat the text that they back, are made anew from those of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccproxy.lightllm import events as ev

SILENT = frozenset({ev.Ping, ev.UsageUpdate, ev.MessageStart, ev.Finish})
"""Events that say nothing of what the model says."""
REPEATING = frozenset({"groundingMetadata", "citationMetadata"})
"""Members that Gemini has beside a text, which is in them."""


class Wording:
    """Keeps an answer's wording true to what hooks have left of it."""

    def __init__(self) -> None:
        self._altered = False
        """True once hooks have changed anything that the model says."""
        self._call: ev.ServerToolCall | None = None
        self._result: ev.ServerToolResult | None = None
        """The call of a provider's tool, and the result of one, that went on last."""
        self._reworded: set[str] = set()
        """Calls of whose wording a part is true no longer."""

    def saw(self, event: ev.Event, left: Sequence[ev.Event]) -> None:
        """Notes what hooks have left of an event, before that goes on."""
        if len(left) == 1 and left[0] is event:
            return
        self._altered |= type(event) not in SILENT
        if any(one is event for one in left):
            return
        if isinstance(event, ev.ServerToolCall):
            self._reworded.add(event.id)
        elif isinstance(event, ev.ServerToolResult) and event.raw is None:
            self._reword(event.call_id)
        elif isinstance(event, ev.Media):
            self._reword(event.id)

    def _reword(self, id: str) -> None:
        """A call has gone on, in the same breath, in a wording that holds more than it may."""
        self._reworded.add(id)
        if self._call is not None and self._call.id == id:
            self._call.raw = self._call.origin = None
        if self._result is not None and self._result.call_id == id and self._result.raw is None:
            self._result.origin = None

    def called(self, call: ev.ServerToolCall) -> None:
        """A call goes on."""
        self._call = call

    def result(self, result: ev.ServerToolResult) -> ev.ServerToolResult:
        """A result as it is to go on: no part of its call any longer, if that has lost its wording."""
        if result.raw is None and result.call_id in self._reworded:
            result = replace(result, origin=None)
        self._result = result
        return result

    def unknown(self, block: ev.Unknown) -> ev.Unknown | None:
        """A block as it is to go on; None if it repeats what is no longer so."""
        return None if self._altered and not REPEATING.isdisjoint(block.raw) else block
