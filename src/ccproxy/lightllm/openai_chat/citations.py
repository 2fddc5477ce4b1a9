"""Sources: `annotations` of a message, which count from the beginning of all its text."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation
from ccproxy.lightllm.openai_chat.tolerance import members, words


def read_citation(annotation: dict[str, Any], base: int) -> Citation | None:
    """The source in an annotation; None if it names none.

    `base` is how many characters of the message precede the text block that is open.
    """
    source = members(annotation.get("url_citation", annotation))
    url = words(source.get("url"))
    if not url:
        return None
    return Citation(
        url=url,
        title=words(source.get("title")) or None,
        cited_text=words(source.get("content")) or None,  # OpenRouter
        start=_offset(source.get("start_index"), base),
        end=_offset(source.get("end_index"), base),
        raw=annotation,
        origin=WireFormat.OPENAI,
    )


def read_sources(document: dict[str, Any]) -> list[Citation]:
    """Sources beside the choices, where Perplexity has them: `search_results`, or `citations`, which are bare URLs."""
    for name in ("search_results", "citations"):
        found = document.get(name)
        listed = found if isinstance(found, list) else []
        entries = [{"url": entry} if isinstance(entry, str) else entry for entry in listed]
        citations = [read_citation(members(entry), 0) for entry in entries]
        if citations:
            return [citation for citation in citations if citation is not None]
    return []


def write_citation(citation: Citation, base: int, length: int) -> dict[str, Any] | None:
    """An annotation; None for a source that has neither a URL nor a title.

    The API knows URLs only, so a document's title stands in its URL's place. `base` is how many characters precede
    the text block, `length` how many it has: without offsets of its own, a source backs the whole block.
    """
    url = citation.url or citation.title
    if not url:
        return None
    start = base + (citation.start or 0)
    end = base + (length if citation.end is None else citation.end)
    source = {"url": url, "title": citation.title or url, "start_index": start, "end_index": max(start, end)}
    return {"type": "url_citation", "url_citation": source}


def _offset(value: Any, base: int) -> int | None:
    return value - base if isinstance(value, int) and value >= base else None
