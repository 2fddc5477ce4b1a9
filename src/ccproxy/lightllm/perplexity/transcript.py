"""A thread of the web application as a page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ccproxy.lightllm.perplexity.entries import Source
from ccproxy.lightllm.perplexity.thread import Turn

SPECIAL = re.compile(r"([\\`*_\[\]<>#|])")
"""What would be more than itself in a line of Markdown (CommonMark §2.4)."""
UNSAFE = re.compile(r"[\s<>()\\`\x00-\x20\x7f-\x9f]")
"""What cannot stand in the address of a link (CommonMark §6.3)."""
WEB = ("http://", "https://")


def markdown(title: str, url: str, turns: Sequence[Turn], *, reasoning: bool = False) -> str:
    """The page: questions as quotations, answers as they are, sources as a list; ends with a line feed.

    Args:
        title: the thread's; of several lines, one is made.
        url: where the thread is on the site.
        turns: what was asked and answered.
        reasoning: whether what went before an answer is told, too.
    """
    parts = [f"# {plain(title) or 'Without a title'}", f"<{address(url)}>" if url else ""]
    for turn in turns:
        parts += ["---", *paragraphs(turn, reasoning=reasoning)]
    return "\n\n".join(filter(None, parts)) + "\n"


def paragraphs(turn: Turn, *, reasoning: bool) -> Iterator[str]:
    """The parts of one turn."""
    yield quoted(turn.question)
    if turn.attachments:
        yield "\n".join(["Attachments:", "", *(f"- {linked(url, url)}" for url in turn.attachments)])
    yield " · ".join(filter(None, [f"**{plain(turn.model) or 'Answer'}**", plain(turn.moment)]))
    if reasoning and turn.reasoning:
        yield quoted(turn.reasoning)
    yield turn.answer.strip() or f"*{plain(turn.error) or 'no answer'}*"
    if turn.sources:
        yield "\n".join(["Sources:", "", *numbered(turn.sources)])


def numbered(sources: Iterable[Source]) -> Iterator[str]:
    """A line for each source, with the number by which the answer knows it."""
    for number, source in enumerate(sources, 1):
        yield f"{number}. {linked(source.title or source.url or 'unknown', source.url)}"


def linked(text: str, url: str) -> str:
    """A link; the text alone where the address is none of the web."""
    return f"[{plain(text)}]({address(url)})" if url.lower().startswith(WEB) else plain(text)


def address(url: str) -> str:
    """The URL, with all percent-encoded that would end it."""
    return UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), url)


def plain(text: str) -> str:
    """The text as one line that says only itself."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def quoted(text: str) -> str:
    """The text as a quotation, each line by itself."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines() or [""])
