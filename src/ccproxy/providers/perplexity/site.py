"""Calls of the web application's own API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack
from urllib.parse import urlencode

import orjson

from ccproxy.auth import Posted, PostFailed
from ccproxy.codings import CodingError
from ccproxy.exchange import Headers, HttpRequest
from ccproxy.providers.perplexity.answers import CODINGS, REDIRECTS, decoded, read, read_object, redirected
from ccproxy.providers.perplexity.headers import JSON, home_of, stamped
from ccproxy.providers.perplexity.refusals import (
    NO_SESSION,
    SiteError,
    refused,
    unavailable,
    unreachable,
    unusable,
)
from ccproxy.providers.provider import NoCredential, token_in

if TYPE_CHECKING:
    from ccproxy.providers.code_assist_setup import Call
    from ccproxy.providers.provider import Provider

__all__ = ["Details", "Query", "Site", "SiteError"]

type Query = Mapping[str, str | Sequence[str]]
"""Parameters by name; those with several values are repeated."""

LIMIT = 1024 * 1024
"""Bytes of an answer, if not said otherwise."""
VISITED_LIMIT = 8 * 1024 * 1024
"""Bytes of a page that is only visited."""
MOST_REDIRECTS = 5


class Details(TypedDict, total=False):
    """How something is asked for."""

    reason: Required[str]
    """See `headers.Reason`."""
    seconds: Required[float]
    """What it may take in all."""
    query: Query
    body: object
    """Sent as JSON; None for none."""
    accept: str
    limit: int
    """Bytes of the answer, decoded or not."""


class Site:
    """The web application, as its own pages see it. To be used from one event loop.

    Args:
        provider: whose session is used.
        call: the way there; None for those who have no business there.
    """

    def __init__(self, provider: Provider, call: Call | None = None) -> None:
        self._provider, self._call = provider, call

    async def ask(self, method: str, path: str, **details: Unpack[Details]) -> bytes:
        """The body of a good answer.

        Raises SiteError: with the site's own status if that was an error's, 502 where nothing usable came, and 503
        (`pplx_unavailable`) where there is no session to ask with.
        """
        request = self._request(method, path, details)
        try:
            async with asyncio.timeout(details["seconds"]):
                answer = await self._answered(request, details)
        except TimeoutError:
            raise self._too_slow(details["seconds"]) from None
        self._require_good(answer, f"{method} {path}")
        return answer.body

    async def ask_json(self, method: str, path: str, **details: Unpack[Details]) -> Any:
        """The same for what answers with JSON. Raises SiteError 502 for anything else."""
        return read(await self.ask(method, path, **details), f"{method} {path}")

    async def ask_object(self, method: str, path: str, **details: Unpack[Details]) -> dict[str, Any]:
        """The same for what answers with a JSON object."""
        return read_object(await self.ask(method, path, **details), f"{method} {path}")

    async def visit(self, path: str, **details: Unpack[Details]) -> None:
        """Has a page made, as a browser does that goes there: redirects within the site are followed.

        Raises SiteError.
        """
        details = {"limit": VISITED_LIMIT, **details}
        try:
            async with asyncio.timeout(details["seconds"]):
                await self._visited(self._request("GET", path, details), path, details)
        except TimeoutError:
            raise self._too_slow(details["seconds"]) from None

    async def _visited(self, request: HttpRequest, path: str, details: Details) -> None:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._answered(request, details)
            if answer.status not in REDIRECTS:
                self._require_good(answer, f"GET {path}")
                return
            target = redirected(answer, home_of(self._provider.origin), request.target)
            request = HttpRequest("GET", target, self._stamped(details))
        raise unusable(f"Perplexity redirects GET {path} more than {MOST_REDIRECTS} times")

    def _require_good(self, answer: Posted, asked: str) -> None:
        if not 200 <= answer.status < 300:
            credential = self._provider.cached_credential()
            raise refused(answer, asked, self._provider.name, [credential.token] if credential is not None else [])

    def _too_slow(self, seconds: float) -> SiteError:
        return unreachable(f"{self._provider.origin} did not answer within {seconds:g} s")

    def _request(self, method: str, path: str, details: Details) -> HttpRequest:
        body = details.get("body")
        query = urlencode(details.get("query", {}), doseq=True, errors="replace").encode("ascii")
        target = self._provider.plain_target(path, query)
        try:
            data = b"" if body is None else orjson.dumps(body)
        except TypeError as error:  # a half of a surrogate pair, from a command line
            raise SiteError(400, "pplx_invalid_request", f"this cannot be asked of Perplexity: {error}") from error
        return HttpRequest(method, target, self._stamped(details), data)

    def _stamped(self, details: Details) -> Headers:
        has_body = details.get("body") is not None
        own = stamped(details["reason"], self._provider.origin, details.get("accept", JSON), has_body=has_body)
        return [*own, (b"Accept-Encoding", CODINGS)]

    async def _answered(self, request: HttpRequest, details: Details) -> Posted:
        """The answer, asked for with another session if the first one was refused and there is another."""
        fields = await self._credential()
        answer = await self._sent(request, fields, details)
        if answer.status == 401:
            try:
                fields = await self._provider.renew(fields)
            except NoCredential:
                return answer
            answer = await self._sent(request, fields, details)
            if answer.status < 400:
                self._provider.accepted(fields)
        return answer

    async def _credential(self) -> Headers:
        try:
            credential = await self._provider.credential()
        except NoCredential as error:
            raise unavailable(str(error)) from error
        if credential is None or not credential.token:
            raise unavailable(NO_SESSION.format(name=self._provider.name))
        return self._provider.credential_fields(credential)

    async def _sent(self, request: HttpRequest, credential: Headers, details: Details) -> Posted:
        if self._call is None:
            raise unavailable(f"nothing may be sent to {self._provider.origin} from here")
        made = HttpRequest(request.method, request.target, [*request.headers, *credential], request.body)
        limit = details.get("limit", LIMIT)
        try:
            answer = await self._call(self._provider.origin, made, details["seconds"], limit)
            return Posted(answer.status, answer.headers, await decoded(answer, limit))
        except (PostFailed, CodingError) as error:
            raise unreachable(str(error).replace(token_in(credential), "[redacted]")) from error
