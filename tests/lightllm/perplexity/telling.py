"""Reads what the web application may send, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.perplexity.sources import Sources
from ccproxy.lightllm.translate import read_stream_events
from tests.support.perplexity.encodings import MARKDOWN, Document, State, final, frames, result

SOURCES: Document = {
    "intended_usage": "web_results",
    "web_result_block": {"progress": "DONE", "web_results": [result(1), result(2)]},
}


def said(*blocks: Document, **members: Any) -> Document:
    """An event in the middle of a stream."""
    return {"status": "PENDING", "final_sse_message": False, "blocks": list(blocks), **members}


def whole(text: str) -> Document:
    """The answer as it stands at the end."""
    return {"intended_usage": MARKDOWN, "markdown_block": {"answer": text, "progress": "DONE"}}


def done(*blocks: Document) -> Document:
    """The last event."""
    return final(State(), list(blocks))


def events(*documents: Document, citations: str = "markdown", whole: bool = False) -> list[ev.Event]:
    """The events of a stream."""
    return read_stream_events(frames(documents), WireFormat.PERPLEXITY, {"citations": citations, "whole": whole})


def answer(*documents: Document, citations: str = "markdown", whole: bool = False) -> an.Answer:
    """What a stream amounts to."""
    return an.collect(events(*documents, citations=citations, whole=whole))


def text(answer: an.Answer) -> str:
    """The text of an answer; its error instead, if it has one."""
    if answer.error is not None:
        return f"{answer.error.status} {answer.error.message}"
    return "".join(block.text for block in answer.blocks if isinstance(block, an.Text))


def thinking(answer: an.Answer) -> str:
    """The thinking of an answer, a line between its blocks."""
    return "\n---\n".join(block.text for block in answer.blocks if isinstance(block, an.Thinking))


def citations(answer: an.Answer) -> list[ev.Citation]:
    """The sources of an answer."""
    return [each for block in answer.blocks if isinstance(block, an.Text) for each in block.citations]


def known(*urls: str) -> Sources:
    """Sources of which no more come."""
    sources = Sources()
    sources.read_block({"web_results": [{"url": url} for url in urls], "progress": "DONE"})
    return sources
