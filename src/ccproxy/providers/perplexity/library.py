"""The threads of an account: which there are, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.providers.perplexity.headers import COMMON, Reason
from ccproxy.providers.perplexity.refusals import SiteError, because, unusable
from ccproxy.providers.perplexity.threads import Thread, ids_of, text

if TYPE_CHECKING:
    from ccproxy.providers.perplexity.service import Service

LIST, RECENT, RENAME = "/rest/thread/list_ask_threads", "/rest/thread/list_recent", "/rest/thread/set_thread_title"
DELETE = "/rest/thread"
"""Takes the entries that are to go; a thread without any is gone."""
PAGE = 50
"""Threads that are asked for at once."""
LISTS = ("threads", "entries", "results", "data")
"""In which member a list may be that does not stand alone."""
LIMIT = 8 * 1024 * 1024
NAMES = {
    "slug": ("slug", "thread_url_slug", "uuid"),
    "title": ("title", "thread_title", "query_str"),
    "context_uuid": ("context_uuid",),
    "updated": ("last_query_datetime", "updated_datetime"),
}
"""What is told of a thread in a list, by its names there."""
FAILED = frozenset({"failed", "error", "failure"})


type Listed = dict[str, str]
"""A thread in a list: `slug`, `title`, `context_uuid`, and `updated`, the time of its last question as Perplexity
writes it (ISO 8601). What is not told is empty."""


async def threads(service: Service, search: str = "", limit: int = 20) -> list[Listed]:
    """The account's threads, the newest first.

    Args:
        service: whose account.
        search: what is looked for in them; empty for all.
        limit: how many at most.

    Raises SiteError.
    """
    found: list[Listed] = []
    while len(found) < limit:
        wanted = min(PAGE, limit - len(found))
        page = listed(await _listed(service, search, wanted, len(found)))
        found += page
        if len(page) < wanted:
            break
    return found[:limit]


async def _listed(service: Service, term: str, limit: int, offset: int) -> Any:
    body = {
        "limit": limit,
        "offset": offset,
        "ascending": False,
        "search_term": term,
        "with_temporary_threads": False,
        "exclude_asi": False,
    }
    seconds = service.settings.thread.fetch_timeout_seconds
    return await service.site.ask_json(
        "POST", LIST, reason=Reason.THREADS, query=COMMON, body=body, seconds=seconds, limit=LIMIT
    )


async def recent(service: Service) -> list[Listed]:
    """The threads of the last days, the newest first. Raises SiteError."""
    seconds, query = service.settings.thread.fetch_timeout_seconds, {**COMMON, "exclude_asi": "false"}
    return listed(
        await service.site.ask_json("GET", RECENT, reason=Reason.SIDEBAR, query=query, seconds=seconds, limit=LIMIT)
    )


async def rename(service: Service, thread: Thread, title: str) -> None:
    """Gives a thread another title. Raises SiteError."""
    body = {"context_uuid": thread.context_uuid, "title": title, "read_write_token": token_of(thread)}
    await _done(service, "POST", RENAME, body)


async def delete(service: Service, thread: Thread, entry: str | None = None) -> list[str]:
    """Deletes a thread for good; whoever asks is to be sure.

    Args:
        service: whose account.
        thread: the thread.
        entry: the id of the only entry that is to go; None for all.

    Returns:
        The ids of what was deleted.

    Raises:
        SiteError: 404 for an entry that is none of the thread's, 403 for a thread that is not the account's.
    """
    ids = [uuid for each in thread.entries if (uuid := ids_of(each)["backend_uuid"])]
    if entry is not None and entry not in ids:
        raise SiteError(404, "pplx_not_found", f"the thread {thread.slug} has no entry {entry!r}")
    gone = ids if entry is None else [entry]
    await _done(service, "DELETE", DELETE, {"entry_uuids": gone, "read_write_token": token_of(thread)})
    return gone


async def _done(service: Service, method: str, path: str, body: Mapping[str, Any]) -> None:
    """Has something done. Raises SiteError also for a good status that comes with a failure."""
    seconds = service.settings.thread.fetch_timeout_seconds
    answer = await service.site.ask(method, path, reason=Reason.SIDEBAR, body=body, seconds=seconds)
    try:
        document = orjson.loads(answer or b"{}")
    except ValueError:
        raise unusable(f"Perplexity answered {method} {path} with something that is no JSON") from None
    failed = isinstance(document, dict) and str(document.get("status")).lower() in FAILED
    if failed or (isinstance(document, dict) and document.get("error_code")):
        raise unusable(f"Perplexity has not done it{because(document)}")


def token_of(thread: Thread) -> str:
    """What allows a thread to be changed. Raises SiteError 403 if the account was given none."""
    tokens = [token for entry in thread.entries if (token := ids_of(entry)["read_write_token"])]
    if not tokens:
        raise SiteError(403, "pplx_forbidden", f"the thread {thread.slug} is not this account's to change")
    return tokens[-1]


def listed(document: object) -> list[Listed]:
    """The threads of a list. Raises SiteError 502 if it is none."""
    told = document
    if isinstance(document, dict):
        document = next((document[name] for name in LISTS if isinstance(document.get(name), list)), None)
    if not isinstance(document, list):
        raise unusable(f"Perplexity answered with something that is no list of threads{because(told)}")
    return [one(each) for each in document if isinstance(each, dict)]


def one(entry: Mapping[str, Any]) -> Listed:
    """A thread of a list."""
    return {name: text(entry, *names) for name, names in NAMES.items()}
