"""An account with threads in it, and how it is configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.perplexity.server import TOKEN, PerplexitySite
from tests.support.perplexity.story import Source, story
from tests.support.perplexity.threads import Entry, Thread

HOSTILE = "How do \x1b]0;owned\x07tides\x1b[31m work? \u202e\x9b2J"
"""A title that would do something to a terminal."""
CONTROLS = ("\x1b", "\x07", "\x9b", "\u202e", "\r")


def configured(site: PerplexitySite, folder: Path, token: str = TOKEN) -> dict[str, Any]:
    """A provider whose session is in a file."""
    file = folder / "perplexity.session"
    file.write_text(token)
    return {"type": "perplexity_pro", "base_url": site.url, "auth": {"type": "file", "file": str(file)}}


def tides(site: PerplexitySite) -> Thread:
    """A thread of two questions, the second with a file, sources and steps."""
    thread = site.library.grown({"How do tides work?": "The moon pulls."})
    question = "And springs? SIM_SOURCES 2 SIM_STEPS SIM_GOALS 1"
    thread.entries.append(Entry(question, "claude47opus", ["https://files.example/a.pdf"], story(question, 2)))
    return thread


def hostile(site: PerplexitySite) -> Thread:
    """A thread whose every text would do something to a terminal."""
    thread = site.library.grown({HOSTILE: f"One\r\nTwo {HOSTILE}"})
    thread.slug = "tides-\x1b[2J-1"
    question = f"{HOSTILE} SIM_SOURCES 1"
    told = story(question, 2)
    told.sources = [Source(HOSTILE, f"https://pages.example/{HOSTILE}", HOSTILE)]
    thread.entries.append(Entry(question, HOSTILE, [f"https://files.example/{HOSTILE}"], told))
    return thread
