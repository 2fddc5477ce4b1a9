"""A reasoning item as it is written."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.openai_responses.frames import DeltaFrame, Frames

type Wire = dict[str, Any]


class Reasoning:
    """One block of thinking: summaries, thinking itself, and what only its vendor can read."""

    def __init__(self, frames: Frames, place: int, id: str) -> None:
        self._frames = frames
        self.place = place
        self.id = id
        self.sealed = ""
        self._summary: list[Wire] = []
        self._content: list[Wire] = []
        self._part: Part | None = None

    def item(self) -> Wire:
        """The item with the parts that are whole."""
        item: Wire = {"id": self.id, "type": "reasoning", "summary": self._summary}
        if self._content:
            item["content"] = self._content
        if self.sealed:
            item["encrypted_content"] = self.sealed
        return item

    def delta(self, text: str, key: int, raw: bool) -> bytes:
        """More thinking; another key is another part."""
        part = self._part
        if part is not None and part.key == key and part.raw is raw:
            part.pieces.append(text)
            return part.frame.write(text)
        closed = self._close_part()
        known = self._content if raw else self._summary
        part = self._part = Part(self._frames, self, key, raw, len(known))
        part.pieces.append(text)
        return closed + part.open() + part.frame.write(text)

    def _close_part(self) -> bytes:
        part, self._part = self._part, None
        if part is None:
            return b""
        written, out = part.close()
        (self._content if part.raw else self._summary).append(written)
        return out

    def stop(self) -> bytes:
        """The block is whole."""
        return self._close_part()


SUMMARY = ("summary_text", "response.reasoning_summary_part", "response.reasoning_summary_text", "summary_index")
RAW = ("reasoning_text", "response.content_part", "response.reasoning_text", "content_index")
"""The type of a part, the beginnings of its events' names, and the field that numbers it."""


class Part:
    """One summary, or one part of the thinking itself."""

    def __init__(self, frames: Frames, item: Reasoning, key: int, raw: bool, number: int) -> None:
        self._frames = frames
        self._type, self._around, self._inside, index = RAW if raw else SUMMARY
        self._at = {"item_id": item.id, "output_index": item.place, index: number}
        self.key = key
        self.raw = raw
        self.pieces: list[str] = []
        self.frame = DeltaFrame(frames, f"{self._inside}.delta", self._at)

    def open(self) -> bytes:
        """Announces the part."""
        return self._frames.event(f"{self._around}.added", **self._at, part={"type": self._type, "text": ""})

    def close(self) -> tuple[Wire, bytes]:
        """The part as a whole, and its last events."""
        text = "".join(self.pieces)
        part = {"type": self._type, "text": text}
        done = self._frames.event(f"{self._inside}.done", **self._at, text=text)
        return part, done + self._frames.event(f"{self._around}.done", **self._at, part=part)
