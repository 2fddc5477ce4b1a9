"""Threads: conversations as Perplexity keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from ccproxy.providers.perplexity.answers import read_object
from ccproxy.providers.perplexity.headers import COMMON, Reason
from ccproxy.providers.perplexity.refusals import SiteError, because, unusable
from ccproxy.providers.perplexity.site import Query

if TYPE_CHECKING:
    from ccproxy.providers.perplexity.service import Service

type Entry = dict[str, Any]
"""One question with its answer, as it came."""

USES = ("answer_modes", "media_items", "diff_blocks", "preserve_latex", "inline_claims")
"""`supported_block_use_cases`, as in questions."""
PAGE_LIMIT, LIMIT = 16 * 1024 * 1024, 64 * 1024 * 1024
"""Bytes of one page, and of all."""
MOST_PAGES = 200
LONGEST = 300
"""Characters of a slug."""
NO_SLUG = re.compile(r"[\s/?#]")
"""What none has in it."""
IDS = {
    "backend_uuid": ("backend_uuid", "uuid"),
    "context_uuid": ("context_uuid",),
    "read_write_token": ("read_write_token",),
    "thread_url_slug": ("thread_url_slug",),
    "thread_title": ("thread_title",),
}
"""By which names an entry has what a question needs that goes on with it."""
NEEDED = ("backend_uuid", "context_uuid")


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread; `entries` are the oldest first."""

    slug: str
    title: str
    context_uuid: str
    entries: tuple[Entry, ...]


async def thread(service: Service, slug: str) -> Thread:
    """The whole of a thread.

    Args:
        service: whose account.
        slug: its slug, its UUID, or the URL of its page.

    Raises:
        SiteError: 400 for what is no slug; the site's own status; 502 where it does not say how the thread goes on.
    """
    name = slug_of(slug)
    entries: list[Entry] = []
    seen: set[str] = set()
    cursor, room = "", LIMIT
    for _ in range(MOST_PAGES):
        data = await _page(service, name, cursor, min(room, PAGE_LIMIT))
        page, room = read_object(data, "a thread"), max(0, room - len(data))
        entries += entries_in(page)
        if not (page.get("has_next") or page.get("has_next_page")):
            return made(name, entries)
        cursor = cursor_in(page)
        if cursor in seen:
            raise unusable(f"Perplexity does not get to the end of the thread {name}: it repeats itself")
        if not room:
            raise unusable(f"the thread {name} has more than {LIMIT} bytes")
        seen.add(cursor)
    raise unusable(f"the thread {name} has more than {MOST_PAGES} pages; raise pplx.thread.fetch_page_size")


async def _page(service: Service, slug: str, cursor: str, limit: int) -> bytes:
    settings = service.settings.thread
    flags = dict.fromkeys(("from_first", "with_parent_info", "with_schematized_response"), "true")
    query: Query = {
        **COMMON,
        "limit": str(settings.fetch_page_size),
        **flags,
        "supported_block_use_cases": USES,
        **({"cursor": cursor} if cursor else {}),
    }
    path, seconds = f"/rest/thread/{quote(slug, safe='')}", settings.fetch_timeout_seconds
    return await service.site.ask("GET", path, reason=Reason.ASK, query=query, seconds=seconds, limit=limit)


def slug_of(text: str) -> str:
    """The slug that is meant. Raises SiteError 400."""
    slug = text.strip()
    if "://" in slug:
        slug = _last_part(slug)
    if not slug.isprintable() or slug in ("", ".", "..") or len(slug) > LONGEST or NO_SLUG.search(slug):
        raise SiteError(400, "pplx_invalid_thread", f"{text[:LONGEST]!r} is not the name of a thread")
    return slug


def _last_part(url: str) -> str:
    """Of its path; empty where that is no URL."""
    try:
        return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return ""


def entries_in(page: Mapping[str, Any]) -> list[Entry]:
    """Those of a page. Raises SiteError 502 if it is no page."""
    entries = page.get("entries")
    if not isinstance(entries, list):
        raise unusable(f"Perplexity answered with something that is no thread{because(page)}")
    return [entry for entry in entries if isinstance(entry, dict)]


def cursor_in(page: Mapping[str, Any]) -> str:
    """What the next page is asked for by. Raises SiteError 502 if there is nothing."""
    for name in ("end_cursor", "next_cursor"):
        cursor = page.get(name)
        if isinstance(cursor, str) and cursor:
            return cursor
        if isinstance(cursor, int) and not isinstance(cursor, bool):
            return str(cursor)
    raise unusable("Perplexity says that the thread goes on, but not where")


def newest(entries: Sequence[Entry]) -> dict[str, str]:
    """What a question needs to go on: `backend_uuid`, `context_uuid`; `read_write_token`, `thread_url_slug` and
    `thread_title` are empty if there are none.

    Raises SiteError 502 for entries that cannot be gone on with.
    """
    found = ids_of(entries[-1]) if entries else {}
    if not all(found.get(name) for name in NEEDED):
        raise unusable("Perplexity does not say how the thread is to be gone on with")
    return found


def ids_of(entry: Entry) -> dict[str, str]:
    """Those of an entry, empty where there are none."""
    return {name: text(entry, *names) for name, names in IDS.items()}


def text(entry: Mapping[str, Any], *names: str) -> str:
    """The first of these that is a text."""
    found = (entry.get(name) for name in names)
    return next((each for each in found if isinstance(each, str) and each), "")


def made(slug: str, entries: Sequence[Entry]) -> Thread:
    """The thread of these entries; of what each tells, the last counts."""
    latest = {name: value for entry in entries for name, value in ids_of(entry).items() if value}
    title, context = latest.get("thread_title", ""), latest.get("context_uuid", "")
    return Thread(latest.get("thread_url_slug", slug), title, context, tuple(entries))
