"""Sources of a text block: `citations` and `citations_delta`."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import Citation


def read_citation(raw: Any) -> Citation | None:
    """A source of any kind the API has; None for what is no object. Offsets are the reader's to fill in."""
    if not isinstance(raw, dict):
        return None
    url = raw.get("url") or raw.get("source")
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        url = None
    citation = Citation(
        kind="file" if raw.get("file_id") else "web" if url else "document",
        url=url,
        title=_text(raw.get("title")) or _text(raw.get("document_title")),
        cited_text=_text(raw.get("cited_text")),
        raw=raw,
        origin=WireFormat.ANTHROPIC,
    )
    if url is None:
        citation.document_id = _document(raw)
    return citation


def write_citation(citation: Citation, drops: Drops) -> dict[str, Any] | None:
    """A source as the API writes it; None, and counted, where it has no form for it.

    Places in documents are told by the document's number in the request, which no other provider says.
    """
    if citation.origin is WireFormat.ANTHROPIC and citation.raw:
        return citation.raw
    if not citation.url:
        drops.add("citations")
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited_text or "",
        "encrypted_index": "",
    }


def _document(raw: dict[str, Any]) -> str | None:
    for name in ("file_id", "source", "document_index"):
        value = raw.get(name)
        if value is not None and value != "":
            return str(value)
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
