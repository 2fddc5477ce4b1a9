"""Sources of an answer (https://ai.google.dev/api/generate-content#GroundingMetadata), as they are read.

They come with the last chunk or in any other, and say in bytes of a text which piece of it they back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation, CitationDelta
from ccproxy.lightllm.gemini.names import camel, member, members
from ccproxy.lightllm.gemini.offsets import Offsets

SOURCES: tuple[str, ...] = ("web", "retrievedContext", "maps", "image")


@dataclass(slots=True)
class Pending:
    """A source for which the end of its text has not come. `start` and `end` are in bytes."""

    citation: Citation
    start: int
    end: int | None


class Sources:
    """The sources that are known, given out as soon as the text that they back is whole."""

    def __init__(self) -> None:
        self._text = Offsets()
        self._pending: list[Pending] = []
        self._seen: set[tuple[str, int, int | None]] = set()

    @property
    def waiting(self) -> bool:
        """True if there are sources that no block has got."""
        return bool(self._pending)

    def open(self) -> None:
        """A block of text begins."""
        self._text = Offsets()

    def add(self, text: str) -> None:
        """More of the open block."""
        self._text.add(text)

    def read(self, metadata: Mapping[str, Any]) -> None:
        """Takes what members of a candidate say of sources."""
        if grounding := member(dict(metadata), "groundingMetadata"):
            self._ground(grounding)
        if citations := member(dict(metadata), "citationMetadata"):
            for raw in (*members(citations, "citationSources"), *members(citations, "citations")):
                self._keep(_citation("web", raw), raw)

    def _ground(self, grounding: dict[str, Any]) -> None:
        chunks = members(grounding, "groundingChunks")
        backing: set[int] = set()
        for support in members(grounding, "groundingSupports"):
            indices = support.get("groundingChunkIndices")
            for nth in indices if isinstance(indices, list) else ():
                if isinstance(nth, int) and 0 <= nth < len(chunks):
                    backing.add(nth)
                    self._keep(_source(chunks[nth]), member(support, "segment"))
        for nth, chunk in enumerate(chunks):
            if nth not in backing:
                self._keep(_source(chunk), {})

    def _keep(self, citation: Citation | None, segment: dict[str, Any]) -> None:
        if citation is None:
            return
        end = _place(segment.get("endIndex"))
        start = _place(segment.get("startIndex")) or 0
        key = (citation.url or citation.document_id or citation.title or citation.cited_text or "", start, end)
        if key not in self._seen:
            self._seen.add(key)
            self._pending.append(Pending(citation, start, end))

    def due(self, index: int, last: bool) -> list[CitationDelta]:
        """The sources of the text block `index`, which closes. What backs more text than there is waits for `last`."""
        if not self._pending:
            return []
        here = [item for item in self._pending if last or item.end is None or item.end <= self._text.bytes]
        self._pending = [item for item in self._pending if item not in here]
        return [CitationDelta(index, self._placed(item)) for item in here]

    def _placed(self, item: Pending) -> Citation:
        if item.end is not None and item.start <= item.end <= self._text.bytes:
            item.citation.start = self._text.to_chars(item.start)
            item.citation.end = self._text.to_chars(item.end)
        return item.citation


def _place(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _source(chunk: dict[str, Any]) -> Citation | None:
    """A grounding chunk: what it holds is under the name of its kind."""
    for kind in SOURCES:
        inner = chunk.get(kind)
        if isinstance(inner, dict):
            return _citation(kind, camel(inner))
    return None


def _citation(kind: str, raw: dict[str, Any]) -> Citation | None:
    url, title, text = (_text(raw.get(name)) for name in ("uri", "title", "text"))
    url = url or _text(raw.get("sourceUri"))
    document = _text(raw.get("documentName")) or _text(raw.get("fileSearchStore"))
    if not (url or title or document or text):
        return None
    neutral = "file" if kind == "retrievedContext" and not url else "web"
    return Citation(
        kind="file" if neutral == "file" else "web",
        url=url,
        title=title,
        cited_text=text,
        document_id=document,
        origin=WireFormat.GEMINI,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
