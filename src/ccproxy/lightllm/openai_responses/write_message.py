"""A message item as it is written: adjacent texts and refusals are its parts."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import Citation
from ccproxy.lightllm.openai_responses.citations import ORIGIN, write_annotation
from ccproxy.lightllm.openai_responses.frames import DeltaFrame, Frames

type Wire = dict[str, Any]


class Message:
    """One message item. It is whole when something else has begun and the last of its parts has stopped."""

    def __init__(self, frames: Frames, place: int, id: str, own: Wire | None = None) -> None:
        self.frames = frames
        self.place = place
        self.id = id
        self.given = own.get("id") if own else None
        """The provider's own id of it."""
        self._more = {"phase": own["phase"]} if own and "phase" in own else {}
        self.parts: list[Text | Refusal] = []
        self.left = False
        """True once something else has begun: no part will be added."""

    def item(self, status: str) -> Wire:
        """The item with the parts that are whole."""
        content = [part.part for part in self.parts if not part.open]
        head = {"id": self.id, "type": "message", "role": "assistant", "status": status}
        return {**head, "content": content, **self._more}

    def add(self, part: Text | Refusal) -> bytes:
        """Announces one more part."""
        self.parts.append(part)
        return self.frames.event("response.content_part.added", **part.at, part=part.part)

    @property
    def whole(self) -> bool:
        """True if nothing more can come."""
        return self.left and not any(part.open for part in self.parts)


class Text:
    """A part of text."""

    def __init__(self, message: Message, drops: Drops) -> None:
        self.message = message
        self.open = True
        self.at = {"item_id": message.id, "output_index": message.place, "content_index": len(message.parts)}
        self.part: Wire = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        self._pieces: list[str] = []
        self._annotations: list[Wire] = []
        self._logprobs: list[Wire] = []
        self._held: list[Citation] = []
        self._drops = drops
        self._frame = DeltaFrame(message.frames, "response.output_text.delta", self.at, b',"logprobs":[]')

    def delta(self, text: str) -> bytes:
        """More text."""
        self._pieces.append(text)
        return self._frame.write(text)

    def cite(self, citation: Citation) -> bytes:
        """A source. One without an end backs the whole part, and waits for the part's length."""
        if citation.end is None and not (citation.raw is not None and citation.origin is ORIGIN):
            self._held.append(citation)
            return b""
        return self._annotate(citation, 0)

    def _annotate(self, citation: Citation, length: int) -> bytes:
        annotation = write_annotation(citation, length)
        if annotation is None:
            self._drops.add("citations")
            return b""
        self._annotations.append(annotation)
        number = len(self._annotations) - 1
        kind = "response.output_text.annotation.added"
        return self.message.frames.event(kind, **self.at, annotation_index=number, annotation=annotation)

    def log(self, tokens: list[Wire]) -> bytes:
        """Log-probabilities, in a delta of their own: their text has gone out."""
        written = [_logprob(token) for token in tokens]
        self._logprobs += written
        return self.message.frames.event("response.output_text.delta", **self.at, delta="", logprobs=written)

    def stop(self) -> bytes:
        """The part is whole."""
        self.open = False
        text = "".join(self._pieces)
        out = [self._annotate(citation, len(text)) for citation in self._held]
        self.part = {**self.part, "text": text, "annotations": self._annotations, "logprobs": self._logprobs}
        event = self.message.frames.event
        out.append(event("response.output_text.done", **self.at, text=text, logprobs=self._logprobs))
        out.append(event("response.content_part.done", **self.at, part=self.part))
        return b"".join(out)


class Refusal:
    """A part of refusal."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.open = True
        self.at = {"item_id": message.id, "output_index": message.place, "content_index": len(message.parts)}
        self.part: Wire = {"type": "refusal", "refusal": ""}
        self._pieces: list[str] = []
        self._frame = DeltaFrame(message.frames, "response.refusal.delta", self.at)

    def delta(self, text: str) -> bytes:
        """More words."""
        self._pieces.append(text)
        return self._frame.write(text)

    def stop(self) -> bytes:
        """The part is whole."""
        self.open = False
        words = "".join(self._pieces)
        self.part = {**self.part, "refusal": words}
        event = self.message.frames.event
        done = event("response.refusal.done", **self.at, refusal=words)
        return done + event("response.content_part.done", **self.at, part=self.part)


def _logprob(token: Wire) -> Wire:
    alternatives = token.get("top_logprobs")
    return {**_token(token), "top_logprobs": [_token(other) for other in alternatives or []]}


def _token(token: Wire) -> Wire:
    text = str(token.get("token") or "")
    given = token.get("bytes")
    return {
        "token": text,
        "bytes": given if isinstance(given, list) else list(text.encode("utf-8", "replace")),
        "logprob": token.get("logprob") or 0.0,
    }
