"""What becomes of the markers `[N]` of an answer: `pplx.thread.citation_mode`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ccproxy.lightllm.perplexity.sources import Sources
from ccproxy.lightllm.perplexity.spans import OTHER, PART

MARK = r"\[(?P<number>[1-9][0-9]{0,3})\](?!\]?\()"
"""No marker is what a link is made of: `[1](…)`, `[[1]](…)`."""
MARK_PART = r"\[(?:[1-9][0-9]{0,3}(?:\]\]?)?)?"


def _link(mark: str, number: int, sources: Sources) -> str:
    url = sources.link(number)
    return mark if url is None else f"{mark}({url})"


@dataclass(frozen=True, slots=True)
class Mode:
    """What becomes of markers."""

    shown: Callable[[str, int, Sources], str]
    token: re.Pattern[str] = re.compile(OTHER + MARK)
    unsure: re.Pattern[str] = re.compile(f"(?:{PART}{MARK_PART})\\Z")
    """What may become something, or something else, at the end of what has come."""
    special: re.Pattern[str] = re.compile(r"[\\`\[~\n$<]")
    """What plain text does not have."""
    waits: bool = True
    """Whether a marker is told differently where there is a result."""


MODES: Mapping[str, Mode] = {
    "markdown": Mode(_link),
    "default": Mode(lambda mark, number, sources: mark, waits=False),
    "clean": Mode(
        lambda mark, number, sources: "",
        re.compile(OTHER + " ?" + MARK),
        re.compile(f"(?:{PART} ?{MARK_PART}| )\\Z"),
        re.compile(r"[\\`\[~\n$<]| \Z"),
    ),
}
"""Values of `pplx.thread.citation_mode`."""
