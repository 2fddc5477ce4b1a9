"""Annotations of `output_text`."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation

ORIGIN = WireFormat.OPENAI_RESPONSES


def read_annotation(annotation: Any) -> Citation | None:
    """A source; None if the annotation names none."""
    if not isinstance(annotation, dict):
        return None
    inner = annotation.get("url_citation")
    said = inner if isinstance(inner, dict) else annotation
    citation = Citation(
        kind="web" if said.get("url") else "file",
        url=_text(said.get("url")),
        title=_text(said.get("title")) or _text(said.get("filename")),
        start=_offset(said.get("start_index")),
        end=_offset(said.get("end_index")),
        document_id=_text(said.get("file_id")),
        raw=None if isinstance(inner, dict) else annotation,
        origin=ORIGIN,
    )
    return citation if citation.url or citation.title or citation.document_id else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _offset(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def write_annotation(citation: Citation, length: int) -> dict[str, Any] | None:
    """An annotation of a text of `length` characters, all of it where the offsets are not known.

    None if there is neither a URL nor a document to name: the API has no form for a bare quotation.
    """
    if citation.raw is not None and citation.origin is ORIGIN:
        return citation.raw
    if citation.url:
        start = citation.start or 0
        end = length if citation.end is None else citation.end
        title = citation.title or citation.url
        return {"type": "url_citation", "url": citation.url, "title": title, "start_index": start, "end_index": end}
    if not (citation.document_id or citation.title):
        return None
    name = citation.title or citation.document_id
    return {"type": "file_citation", "file_id": citation.document_id or "", "filename": name, "index": length}
