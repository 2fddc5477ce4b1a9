"""Sources of an answer, as they are written: `groundingMetadata` of the last chunk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation
from ccproxy.lightllm.gemini.offsets import Offsets

KEPT = frozenset({"groundingMetadata", "urlContextMetadata", "citationMetadata"})
"""Members of a candidate that come back as they were read, where the answer is Gemini's own."""


class Grounding:
    """What backs the visible text of an answer. Places are bytes of all its text, as clients put it together."""

    def __init__(self) -> None:
        self._text = Offsets()
        self._bases: dict[int, int] = {}
        self._chunks: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str | None, ...], int] = {}
        self._segments: dict[tuple[int, int], list[int]] = {}
        self._queries: list[str] = []
        self._kept: dict[str, Any] = {}
        self.add = self._text.add
        """Takes more visible text."""

    def open(self, index: int) -> None:
        """A block of text begins here."""
        self._bases[index] = self._text.chars

    def close(self, index: int) -> None:
        """A block of text ends."""
        self._bases.pop(index, None)

    def cite(self, index: int, citation: Citation) -> None:
        """A source of an open block; its places are characters of the block."""
        number = self._number(citation)
        if number is None or citation.end is None:
            return
        base = self._bases.get(index, 0)
        start, end = base + (citation.start or 0), base + citation.end
        if start <= end <= self._text.chars:
            first, last = self._text.to_bytes(start), self._text.to_bytes(end)
            if first is None or last is None:
                return
            numbers = self._segments.setdefault((first, last), [])
            if number not in numbers:
                numbers.append(number)

    def searched(self, *queries: Any) -> None:
        """The provider searched the web."""
        self._queries += [query for query in queries if isinstance(query, str) and query not in self._queries]

    def found(self, sources: Iterable[Citation]) -> None:
        """What a search brought."""
        for source in sources:
            self._number(source)

    def keep(self, raw: dict[str, Any]) -> None:
        """Members of a candidate of the same format."""
        self._kept.update({name: value for name, value in raw.items() if name in KEPT})

    def members(self) -> dict[str, Any]:
        """The members of the last candidate that tell of sources; empty if there are none."""
        if self._kept:
            return self._kept
        metadata: dict[str, Any] = {}
        if self._queries:
            metadata["webSearchQueries"] = self._queries
        if self._chunks:
            metadata["groundingChunks"] = self._chunks
        if self._segments:
            metadata["groundingSupports"] = [
                {"segment": {"startIndex": start, "endIndex": end}, "groundingChunkIndices": numbers}
                for (start, end), numbers in sorted(self._segments.items())
            ]
        return {"groundingMetadata": metadata} if metadata else {}

    def _number(self, citation: Citation) -> int | None:
        """The number of a source's chunk; None if there is nothing to show."""
        document = citation.url is None
        key = (citation.url, *((citation.document_id, citation.title, citation.cited_text) if document else ()))
        if not any(key):
            return None
        if key not in self._numbers:
            self._numbers[key] = len(self._chunks)
            self._chunks.append(_chunk(citation))
        return self._numbers[key]


def _chunk(citation: Citation) -> dict[str, Any]:
    if citation.kind == "web" and citation.url:
        return {"web": {"uri": citation.url, **_given(title=citation.title)}}
    named = citation.document_id if citation.origin is not WireFormat.GEMINI else None
    return {
        "retrievedContext": _given(
            uri=citation.url, title=citation.title or named, text=citation.cited_text, documentName=citation.document_id
        )
    }


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
