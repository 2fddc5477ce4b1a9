"""A thread of the web application: what was asked in it, and what was answered.

An entry of a thread has the form of the last event of a stream, so its answer is read as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.lightllm import answer
from ccproxy.lightllm.perplexity.entries import Source, first, listed, normal, sources
from ccproxy.lightllm.perplexity.models import id_of
from ccproxy.lightllm.perplexity.stream import StreamReader

TIMES = ("updated_datetime", "entry_updated_datetime", "created_datetime")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer."""

    id: str
    question: str
    attachments: list[str]
    """URLs of files that went with the question."""
    answer: str
    """With its citations as they were wanted; empty where there is none."""
    reasoning: str
    model: str
    moment: str
    """As the site writes it, ISO 8601 as a rule; empty if it told none."""
    sources: list[Source] = field(default_factory=list)
    """In the order in which the answer counts them, from 1."""
    error: str = ""
    """Why there is no answer."""


def turns(entries: Iterable[Any], citations: str = "markdown") -> list[Turn]:
    """The turns of a thread.

    Args:
        entries: as `GET /rest/thread/{slug}` tells them, the oldest first; what is no object is passed over.
        citations: how the markers `[N]` are told: `markdown` (links), `default` (as they are) or `clean` (left out).
    """
    return [turn(entry, citations) for entry in entries if isinstance(entry, dict)]


def turn(entry: Mapping[str, Any], citations: str = "markdown") -> Turn:
    """What one entry holds. Arguments as `turns` takes them."""
    entry = normal(entry)
    told = answered(entry, citations)
    texts = [block for block in told.blocks if isinstance(block, answer.Text)]
    text = "\n\n".join(block.text for block in texts)
    return Turn(
        id=first(entry, "backend_uuid", "uuid"),
        question=first(entry, "query_str"),
        attachments=[url for url in listed(entry, "attachments") if isinstance(url, str)],
        answer=text,
        reasoning="\n\n".join(block.text for block in told.blocks if isinstance(block, answer.Thinking)),
        model=told.start.model or id_of(first(entry, "display_model")),
        moment=first(entry, *TIMES),
        sources=sources(entry) or cited(texts),
        error=told.error.message if told.error is not None and not text else "",
    )


def messages(turns: Iterable[Turn], *, reasoning: bool = True) -> list[dict[str, str]]:
    """The thread as messages of the Chat Completions API; `reasoning` as `reasoning_content`, as others have it."""
    found = []
    for each in turns:
        found.append({"role": "user", "content": "\n\n".join(filter(None, [each.question, trailer(each)]))})
        if each.answer or each.reasoning:
            thought = {"reasoning_content": each.reasoning} if reasoning and each.reasoning else {}
            found.append({"role": "assistant", "content": each.answer, **thought})
    return found


def trailer(turn: Turn) -> str:
    """What stands below a question that files went with."""
    return "\n".join(["Attachments:", *(f"- {url}" for url in turn.attachments)]) if turn.attachments else ""


def answered(entry: Mapping[str, Any], citations: str) -> answer.Answer:
    """The answer of an entry, read as the stream that it was."""
    reader = StreamReader(citations, whole=True)
    return answer.collect([*reader.read_event({**entry, "final_sse_message": True}), *reader.end()])


def cited(texts: Iterable[answer.Text]) -> list[Source]:
    """The sources of an answer whose searches told theirs by steps only."""
    told = [each for text in texts for each in text.citations]
    return [Source(each.url or "", each.title or "", each.cited_text or "") for each in told]
