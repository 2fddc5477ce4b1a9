"""Blocks out of deltas, which name fields and no blocks: a block ends where another kind of content begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.logprobs import put_late, whole_tokens
from ccproxy.lightllm.openai_chat.calls import Calls
from ccproxy.lightllm.openai_chat.citations import read_citation
from ccproxy.lightllm.openai_chat.images import read_image, read_sound
from ccproxy.lightllm.openai_chat.thinking import plain_thinking, read_details, thinking_text
from ccproxy.lightllm.openai_chat.tolerance import objects, words

type Start = type[ev.TextStart] | type[ev.ThinkingStart] | type[ev.RefusalStart]


class Deltas:
    """Folds deltas into blocks. One block of text, thinking or refusal is open at a time, and any number of calls."""

    def __init__(self) -> None:
        self.calls = Calls(self._new_index)
        self.refused = self.cited = False
        self._next = 0
        self._kind: Start | None = None
        self._index = -1
        self._length = 0  # of the message's text
        self._base = 0  # where in it the open text block begins
        self._plain_thinking = False

    def add(self, delta: dict[str, Any], events: list[ev.Event], whole: bool = False) -> None:
        """Takes a delta; `whole` if it is a message, in which thinking comes first whatever the order of the fields."""
        if len(delta) > 1 or "content" not in delta:
            self._thoughts(delta, events)
        for name, method in FIELDS:
            value = delta.get(name)
            if value:
                method(self, value, events)
        calls = objects(delta.get("tool_calls"))
        if calls:
            self._close(events)
            for position, entry in enumerate(calls):
                self.calls.add(entry, events, position if whole else None)

    def annotations(self, annotations: Any, events: list[ev.Event]) -> None:
        """Takes sources of the text."""
        for annotation in objects(annotations):
            citation = read_citation(annotation, self._base)
            if citation is not None:
                self.cite(citation, events)

    def cite(self, citation: ev.Citation, events: list[ev.Event]) -> None:
        """Takes a source; one that comes when the text is closed gets a block of its own."""
        self.cited = True
        if self._kind is not ev.TextStart:
            citation.start = citation.end = None
        events.append(ev.CitationDelta(self._open(ev.TextStart, events), citation))

    def logprobs(self, logprobs: dict[str, Any], events: list[ev.Event]) -> None:
        """Takes the log-probabilities of a choice; those of anything but text have no place."""
        tokens = whole_tokens(logprobs.get("content"))
        if tokens and self._kind is ev.TextStart:
            events.append(ev.LogprobsDelta(self._index, tokens))
        elif tokens:
            put_late(tokens, events)

    def close_all(self, events: list[ev.Event]) -> None:
        """Ends every block."""
        self._close(events)
        self.calls.close(events)

    def _new_index(self) -> int:
        self._next += 1
        return self._next - 1

    def _open(self, kind: Start, events: list[ev.Event]) -> int:
        if self._kind is not kind:
            self._close(events)
            self._kind, self._index, self._base = kind, self._new_index(), self._length
            events.append(kind(self._index))
        return self._index

    def _close(self, events: list[ev.Event]) -> None:
        if self._kind is not None:
            events.append(ev.BlockStop(self._index))
            self._kind = None

    def _content(self, content: Any, events: list[ev.Event]) -> None:
        if type(content) is str:
            index = self._index if self._kind is ev.TextStart else self._open(ev.TextStart, events)
            self._length += len(content)
            events.append(ev.TextDelta(index, content))
        elif isinstance(content, list):
            for part in content:
                self._part(part, events)

    def _part(self, part: Any, events: list[ev.Event]) -> None:
        """A part of a message's content (Mistral)."""
        if isinstance(part, str):
            part = {"type": "text", "text": part}
        if not isinstance(part, dict):
            return
        handler = PARTS.get(words(part.get("type")) or "text")
        if handler is not None:
            handler(self, part, events)
        elif words(part.get("text")):
            self._content(part["text"], events)
        else:
            self._close(events)
            events.append(ev.Unknown(part, WireFormat.OPENAI))

    def _text_part(self, part: dict[str, Any], events: list[ev.Event]) -> None:
        if words(part.get("text")):
            self._content(part["text"], events)
        self.annotations(part.get("annotations"), events)

    def _thinking_part(self, part: dict[str, Any], events: list[ev.Event]) -> None:
        self._think(thinking_text(part), events)
        if words(part.get("signature")):
            self._sign(part["signature"], events)

    def _refusal_part(self, part: dict[str, Any], events: list[ev.Event]) -> None:
        self._refusal(part.get("refusal"), events)

    def _image_part(self, part: dict[str, Any], events: list[ev.Event]) -> None:
        self._images([part], events)

    def _thoughts(self, delta: dict[str, Any], events: list[ev.Event]) -> None:
        text = plain_thinking(delta)
        if text:
            self._plain_thinking = True
            self._think(text, events)
        for detail in read_details(delta.get("reasoning_details")):
            if not self._plain_thinking:  # which says the same
                self._think(detail.text, events)
            if detail.signature:
                self._sign(detail.signature, events)
            if detail.encrypted:
                self._close(events)
                events.append(ev.Redacted(ev.Opaque(WireFormat.OPENAI, detail.encrypted)))

    def _think(self, text: str, events: list[ev.Event]) -> None:
        if text:
            events.append(ev.ThinkingDelta(self._open(ev.ThinkingStart, events), text))

    def _sign(self, signature: str, events: list[ev.Event]) -> None:
        events.append(ev.Signature(self._open(ev.ThinkingStart, events), ev.Opaque(WireFormat.OPENAI, signature)))
        self._close(events)

    def _refusal(self, text: Any, events: list[ev.Event]) -> None:
        if words(text):
            self.refused = True
            events.append(ev.RefusalDelta(self._open(ev.RefusalStart, events), text))

    def _audio(self, audio: Any, events: list[ev.Event]) -> None:
        """Speech: its words are text; the sound itself comes whole in messages only."""
        if not isinstance(audio, dict):
            return
        if words(audio.get("transcript")):
            self._content(audio["transcript"], events)
        sound = read_sound(audio) if "transcript" in audio and "data" in audio else None
        if sound is not None:
            self._close(events)
            events.append(sound)

    def _images(self, images: Any, events: list[ev.Event]) -> None:
        for image in images if isinstance(images, list) else ():
            media = read_image(image)
            if media is not None:
                self._close(events)
                events.append(media)

    def _function_call(self, call: Any, events: list[ev.Event]) -> None:
        if isinstance(call, dict):
            self._close(events)
            self.calls.add_legacy(call, events)


type Handler = Callable[[Deltas, Any, list[ev.Event]], None]

PARTS: dict[str, Handler] = {
    "text": Deltas._text_part,
    "output_text": Deltas._text_part,
    "thinking": Deltas._thinking_part,
    "refusal": Deltas._refusal_part,
    "image_url": Deltas._image_part,
}
FIELDS: tuple[tuple[str, Handler], ...] = (
    ("content", Deltas._content),
    ("audio", Deltas._audio),
    ("annotations", Deltas.annotations),
    ("refusal", Deltas._refusal),
    ("images", Deltas._images),
    ("function_call", Deltas._function_call),
)
