"""The threads of the stand-in's only user: what was asked, what was answered, and by which ids it goes on."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.perplexity.encodings import MARKDOWN
from tests.support.perplexity.frames import blocks
from tests.support.perplexity.story import Story

BEGUN = "2026-01-0{day}T10:00:00.000Z"


def new_id() -> str:
    """A new UUID."""
    return str(uuid.uuid4())


@dataclass
class Entry:
    """A question and its answer."""

    query: str
    model: str
    attachments: list[str] = field(default_factory=list)
    story: Story | None = None
    """None until the answer is whole."""
    backend_uuid: str = field(default_factory=new_id)
    write_token: str = field(default_factory=new_id)


@dataclass
class Thread:
    """A conversation."""

    title: str
    context_uuid: str
    slug: str = ""
    entries: list[Entry] = field(default_factory=list)
    access: int = 1
    incognito: bool = False

    def __post_init__(self) -> None:
        words = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        self.slug = self.slug or f"{words[:30]}-{new_id()[:8]}"

    def ids(self, entry: Entry) -> dict[str, Any]:
        """What an event, an entry and a list tell of where it belongs."""
        return {
            "backend_uuid": entry.backend_uuid,
            "context_uuid": self.context_uuid,
            "read_write_token": entry.write_token,
            "thread_url_slug": self.slug,
            "thread_title": self.title,
            "display_model": entry.model,
        }

    def told(self, entry: Entry) -> dict[str, Any]:
        """An entry as the thread is fetched."""
        return self.ids(entry) | {
            "uuid": entry.backend_uuid,
            "query_str": entry.query,
            "attachments": entry.attachments,
            "blocks": blocks(entry.story) if entry.story else [],
            "structured_answer_block_usages": [MARKDOWN],
            "status": "COMPLETED",
            "thread_access": self.access,
        }

    def listed(self, total: int) -> dict[str, Any]:
        """The thread as a list has it."""
        last = self.entries[-1]
        return self.ids(last) | {
            "uuid": last.backend_uuid,
            "slug": self.slug,
            "title": self.title,
            "last_query_datetime": BEGUN.format(day=min(len(self.entries), 9)),
            "query_count": len(self.entries),
            "answer_preview": last.story.answer[:80] if last.story else "",
            "access": self.access,
            "total_threads": total,
        }


class Library:
    """All threads, oldest first."""

    def __init__(self) -> None:
        self.threads: list[Thread] = []

    def find(self, name: str) -> Thread | None:
        """By its slug, its context, or one of its entries."""
        return next(
            (each for each in self.threads if name in (each.slug, each.context_uuid) or self._has(each, name)), None
        )

    @staticmethod
    def _has(thread: Thread, entry: str) -> bool:
        return any(each.backend_uuid == entry for each in thread.entries)

    def begin(self, query: str, context_uuid: str = "", *, incognito: bool = False) -> Thread:
        """A new thread without entries, which is not in the list before it has one."""
        return Thread(query[:60], context_uuid or new_id(), incognito=incognito)

    def grown(self, turns: Mapping[str, str]) -> Thread:
        """A thread as if these questions had been answered so, earlier."""
        thread = self.begin(next(iter(turns)))
        thread.entries = [Entry(query, "gpt54", story=Story(answer)) for query, answer in turns.items()]
        self.keep(thread)
        return thread

    def keep(self, thread: Thread) -> None:
        """Puts it at the end of the list."""
        if thread in self.threads:
            self.threads.remove(thread)
        self.threads.append(thread)

    def shown(self, search: str = "") -> list[Thread]:
        """Those that have been answered and match, newest first."""
        wanted = search.lower()
        return [
            each
            for each in reversed(self.threads)
            if each.entries and any(wanted in f"{each.title} {entry.query}".lower() for entry in each.entries)
        ]
