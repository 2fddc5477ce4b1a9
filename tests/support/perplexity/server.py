"""The stand-in: a server that knows its users by a cookie, and keeps all that it was asked.

It is strict: a call that does not look like one of the web application's own pages is answered with the page that is
meant for robots (403), one without the cookie with 401, and a question with a parameter too many with 400. In the
answer stands what was wrong; `refusals` keeps it, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.http import Header
from tests.support.perplexity import answers, headers, rest, uploads
from tests.support.perplexity.asking import answered, checked
from tests.support.perplexity.encodings import frame
from tests.support.perplexity.quota import QUOTA
from tests.support.perplexity.threads import Library
from tests.support.replies import json_reply, reply, stream
from tests.support.upstream import Recorded, Script, Step, Upstream

ASK = "/rest/sse/perplexity_ask"
THREAD = "/rest/thread/"
PAGE: Header = (b"Content-Type", b"text/html")
TOKEN = "made-up-session-of-nobody"
SECONDS = 20.0
"""How long anybody waits, in a test that fails."""


class Hold:
    """A call that waits. Use it as a context manager: at its end, at the latest, the call is let go."""

    def __init__(self, answer: Script) -> None:
        self._answer, self._gone, self._come = answer, threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()

    def wait(self) -> None:
        """Returns once the call has come. Asserts that it comes."""
        assert self._come.wait(SECONDS)

    def script(self, request: Recorded) -> Iterable[Step]:
        """For `PerplexitySite.instead`."""
        self._come.set()
        self._gone.wait(SECONDS)
        yield from self._answer(request)


class PerplexitySite:
    """The web application on a free port. Close it with `stop`.

    Args:
        token: the session's token that it takes.
        lenient: whether calls need not look like a browser's.
    """

    def __init__(self, token: str = TOKEN, *, lenient: bool = False) -> None:
        self.server, self.bucket = Upstream(self._answer), uploads.Bucket()
        self.tokens, self.lenient = {token}, lenient
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """As it was in the beginning, but for its users."""
        self.library, self.paging, self.quota = Library(), rest.Paging(), dict(QUOTA)
        self.refusals: list[str] = []
        """What was wrong with the calls that were not as they should have been."""
        self.warmed: set[str] = set()
        self.rate_limited = False
        """Whether no more files are taken."""
        self.instead: dict[str, list[Script]] = {}
        """Scripts that answer the next calls of a path, one each. What they return is played as it is made."""
        self.bucket.files.clear()
        self.bucket.refuses.clear()
        self.bucket.server.forget()
        self.server.forget()

    @property
    def url(self) -> str:
        """The base URL."""
        return self.server.url

    def stop(self) -> None:
        """Closes it."""
        self.server.stop()
        self.bucket.server.stop()

    def calls(self, path: str = "", method: str = "") -> list[Recorded]:
        """What it was asked for, in order: all calls whose path begins so."""
        return [
            each
            for each in self.server.requests
            if each.target.decode().startswith(path) and each.method.startswith(method)
        ]

    def held_up(self, path: str, answer: Script | None = None) -> Hold:
        """The next call of a path waits until it is let go, then it is answered as usual, or as said here."""
        hold = Hold(answer or self._answer)
        self.instead.setdefault(path, []).append(hold.script)
        return hold

    @property
    def asks(self) -> list[dict[str, Any]]:
        """The questions, in order."""
        return [json.loads(each.body) for each in self.calls(ASK, "POST")]

    @property
    def ask(self) -> dict[str, Any]:
        """The only question."""
        (asked,) = self.asks
        return asked

    def _answer(self, request: Recorded) -> Iterable[Step]:
        path = urlsplit(request.target.decode()).path
        if self.instead.get(path):
            return self.instead[path].pop(0)(request)
        with self._lock:
            try:
                return list(self._routed(request))
            except answers.Refused as refused:
                self.refusals.append(f"{request.method} {request.target.decode()[:80]}: {refused}")
                return refused.script(request)

    def _routed(self, request: Recorded) -> Iterable[Step]:
        path = urlsplit(request.target.decode()).path
        if path == "/search/new" and request.method == "GET":
            return self._page(request)
        row = ROWS.get((request.method, path))
        if row is None and request.method == "GET" and path.startswith(THREAD):
            row = FETCH
        if row is None:
            raise answers.refusal(404, "Not Found")
        reasons, handle = row
        self._admit(request, reasons)
        return handle(self, request)

    def _admit(self, request: Recorded, reasons: set[str]) -> None:
        wrong = "" if self.lenient else headers.faults(request, self.url, reasons)
        if wrong:
            raise answers.challenge(wrong)
        if headers.session(request) not in self.tokens:
            raise answers.refusal(401, "Not authenticated")

    def _page(self, request: Recorded) -> Iterable[Step]:
        wrong = "" if self.lenient else headers.page_faults(request, self.url)
        if wrong:
            raise answers.challenge(wrong)
        if headers.session(request) in self.tokens:
            query = parse_qs(urlsplit(request.target.decode()).query, keep_blank_values=True)
            self.warmed.add(query.get("q", [""])[0])
        return reply(200, [PAGE], b"<!DOCTYPE html><title>Perplexity</title>")(request)

    def _ask(self, request: Recorded) -> Iterable[Step]:
        question = checked(body_of(request), self.bucket.stored)
        return answered(self.library, question, warm=self._is_warm(question["query_str"]))

    def _is_warm(self, query: str) -> bool:
        """Whether the page of a question was looked at. A URL holds a few thousand characters of it at most."""
        return query in self.warmed or any(query.startswith(page) for page in self.warmed if len(page) > 500)

    def _announce(self, request: Recorded) -> Iterable[Step]:
        document = body_of(request)
        query = parse_qs(urlsplit(request.target.decode()).query)
        wrong = uploads.announcement_faults(document) or query != {"version": ["2.18"], "source": ["default"]}
        if wrong:
            raise answers.refusal(422, str(wrong))
        if self.rate_limited:
            refused = {"s3_bucket_url": "", "s3_object_url": "", "fields": {}, "file_uuid": "", "rate_limited": True}
            return json_reply({"results": dict.fromkeys(document["files"], refused)})(request)
        made = {key: self.bucket.announce(key, about) for key, about in document["files"].items()}
        return json_reply({"results": dict(reversed(made.items()))})(request)

    def _processed(self, request: Recorded) -> Iterable[Step]:
        known = {each.file_uuid: each for each in self.bucket.stored.values()}
        wanted = body_of(request).get("file_uuids")
        if not wanted or not set(wanted) <= set(known):
            raise answers.error(400, "NO_SUCH_FILE", f"Not all of {wanted} have been uploaded.")
        for each in wanted:
            known[each].processed = True
        told = [frame({"file_uuid": each, "success": True}) for each in wanted]
        return stream([*told, frame({}, "end_of_stream")])(request)


def body_of(request: Recorded) -> Any:
    """The JSON of a call. Raises Refused."""
    try:
        return json.loads(request.body)
    except ValueError:
        raise answers.refusal(422, "no JSON") from None


type Handle = Callable[[PerplexitySite, Recorded], Iterable[Step]]


def _changing(change: Callable[[Library, Any], Any]) -> Handle:
    return lambda site, request: json_reply(change(site.library, body_of(request)))(request)


ANY = headers.REASONS
FETCH: tuple[set[str], Handle] = (
    {headers.QUERY_STATE, headers.THREAD},
    lambda site, request: json_reply(rest.fetched(site.library, site.paging, request))(request),
)
ROWS: dict[tuple[str, str], tuple[set[str], Handle]] = {
    ("POST", ASK): ({headers.QUERY_STATE}, PerplexitySite._ask),
    ("POST", "/rest/uploads/batch_create_upload_urls"): (ANY, PerplexitySite._announce),
    ("POST", "/rest/sse/attachment_processing/subscribe"): ({headers.HOME}, PerplexitySite._processed),
    ("GET", "/rest/rate-limit/all"): (ANY, lambda site, request: json_reply(site.quota)(request)),
    ("POST", THREAD + "list_ask_threads"): ({headers.LIST}, _changing(rest.listed)),
    ("GET", THREAD + "list_recent"): (
        {headers.SIDEBAR},
        lambda site, request: json_reply(rest.recent(site.library, request))(request),
    ),
    ("POST", THREAD + "set_thread_title"): ({headers.SIDEBAR}, _changing(rest.renamed)),
    ("POST", THREAD + "update_thread_access"): ({headers.SIDEBAR}, _changing(rest.shared)),
    ("DELETE", THREAD + "delete_thread_by_entry_uuid"): ({headers.SIDEBAR}, _changing(rest.forgotten)),
    ("DELETE", "/rest/thread"): ({headers.SIDEBAR}, _changing(rest.shortened)),
}
"""Which reasons a call may have, and who answers it."""
