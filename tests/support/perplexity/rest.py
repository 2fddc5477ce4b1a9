"""The library's calls: one thread, lists, and changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.perplexity import answers
from tests.support.perplexity.payload import USE_CASES
from tests.support.perplexity.threads import Library, Thread
from tests.support.upstream import Recorded

FETCHED = {
    "version": ["2.18"],
    "source": ["default"],
    "from_first": ["true"],
    "with_parent_info": ["true"],
    "with_schematized_response": ["true"],
    "supported_block_use_cases": USE_CASES,
}


class Paging:
    """How long threads are told: `most` entries at once; `cursor` is how the next ones are found."""

    def __init__(self) -> None:
        self.most = 100
        self.cursor = "end"
        """`end` | `next` (two spellings of it), or wrong: `none` (there is no cursor), `same` (always the same one)."""

    def page(self, thread: Thread, limit: int, cursor: str) -> dict[str, Any]:
        """A part of a thread, oldest entries first. Raises Refused."""
        start = int(cursor.removeprefix("after-") or 0) if cursor != "same" else 0
        end = start + min(limit, self.most)
        told = {"status": "success", "entries": [thread.told(each) for each in thread.entries[start:end]]}
        more = end < len(thread.entries)
        names = ("has_next", "next_cursor") if self.cursor == "next" else ("has_next_page", "end_cursor")
        place = {"none": None, "same": "same"}.get(self.cursor, f"after-{end}")
        return told | dict(zip(names, (more, place if more else None), strict=True))


def fetched(library: Library, paging: Paging, request: Recorded) -> dict[str, Any]:
    """`GET /rest/thread/{slug}`. Raises Refused."""
    parts = urlsplit(request.target.decode())
    query = parse_qs(parts.query)
    cursor, limit = query.pop("cursor", [""])[0], query.pop("limit", ["0"])[0]
    if query != FETCHED or not limit.isdecimal() or not 1 <= int(limit) <= 1000:
        raise answers.refusal(422, f"query: {sorted(query)}, limit {limit}")
    return paging.page(_thread(library, parts.path.rsplit("/", 1)[1]), int(limit), cursor)


def _thread(library: Library, name: str) -> Thread:
    thread = library.find(name)
    if thread is None:
        raise answers.error(404, "THREAD_NOT_FOUND", "This thread does not exist.")
    return thread


LISTED = {"limit", "offset", "ascending", "search_term", "with_temporary_threads", "exclude_asi"}


def listed(library: Library, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`POST /rest/thread/list_ask_threads`. Raises Refused."""
    if set(asked) != LISTED or any(asked[name] for name in ("ascending", "with_temporary_threads", "exclude_asi")):
        raise answers.refusal(422, f"members: {sorted(set(asked) ^ LISTED)}")
    found = library.shown(asked["search_term"])
    return [each.listed(len(found)) for each in found[asked["offset"] :][: asked["limit"]]]


def recent(library: Library, request: Recorded) -> list[dict[str, Any]]:
    """`GET /rest/thread/list_recent`. Raises Refused."""
    query = parse_qs(urlsplit(request.target.decode()).query)
    if set(query) != {"version", "source", "exclude_asi"}:
        raise answers.refusal(422, f"query: {sorted(query)}")
    found = library.shown()[:10]
    return [each.listed(len(found)) for each in found]


def entitled(library: Library, asked: Mapping[str, Any], member: str) -> Thread:
    """The thread that something is to be done to, by one who may. Raises Refused."""
    name = asked.get(member)
    thread = _thread(library, str(name[0] if isinstance(name, list) and name else name))
    if asked.get("read_write_token") not in [each.write_token for each in thread.entries]:
        raise answers.error(403, "NOT_YOURS", "The token does not fit.")
    return thread


def renamed(library: Library, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`POST /rest/thread/set_thread_title`. Raises Refused."""
    entitled(library, asked, "context_uuid").title = str(asked["title"])
    return {"status": "success"}


def shared(library: Library, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`POST /rest/thread/update_thread_access`. Raises Refused."""
    if asked.get("updated_access") not in (1, 2):
        raise answers.refusal(422, "updated_access: 1 or 2")
    entitled(library, asked, "context_uuid").access = asked["updated_access"]
    return {"status": "success", "access": asked["updated_access"]}


def forgotten(library: Library, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`DELETE /rest/thread/delete_thread_by_entry_uuid`: the whole thread. Raises Refused."""
    library.threads.remove(entitled(library, asked, "entry_uuid"))
    return {"status": "success"}


def shortened(library: Library, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`DELETE /rest/thread`: these entries; a thread without any is gone. Raises Refused."""
    thread = entitled(library, asked, "entry_uuids")
    thread.entries = [each for each in thread.entries if each.backend_uuid not in asked["entry_uuids"]]
    if not thread.entries:
        library.threads.remove(thread)
    return {"status": "success"}
