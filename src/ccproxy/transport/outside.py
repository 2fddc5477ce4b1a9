"""Requests to places that neither the user nor the configuration has named: what a client's URL leads to, and where a
provider wants a file sent.

Who writes a URL must not reach by it what only this machine can reach: another program on it, a router, a cloud's
metadata service. So a name is looked up once, here, all its addresses have to be the public internet's, and the
connection is made to one of these and to nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType

from ccproxy.auth import Fetched, OutsideError, Posted
from ccproxy.exchange import Headers, HttpRequest, Origin, get_header, reason_phrase
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.fetched_body import body_of, bounded, media_type
from ccproxy.transport.posting import ANSWER_LIMIT, framed
from ccproxy.transport.public_addresses import is_public
from ccproxy.transport.reaching import Allowed, Reach, Resolve, resolved
from ccproxy.transport.ways import Ways
from ccproxy.transport.web_address import Place, Refused, read, shown

REDIRECTS = 3
REDIRECTING = frozenset({301, 302, 303, 307, 308})
ASKING: Headers = [(b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"ccproxy")]
LAST = (b"Connection", b"close")
INSTEAD = "send the file itself instead, as a data URI"


class Outside:
    """Implements `providers.perplexity.service.Outside`.

    Args:
        ways: the proxies and certificates that are configured.
        providers: by its origin, the provider whose proxy and certificates count for what it says.
        allowed: whether a request may go to an address.
        resolve: looks names up.
    """

    def __init__(
        self,
        ways: Ways,
        providers: Mapping[Origin, str] = MappingProxyType({}),
        allowed: Allowed = is_public,
        resolve: Resolve = resolved,
    ) -> None:
        self._ways, self._providers, self._reach = ways, providers, Reach(allowed, resolve)

    async def get(self, url: str, limit: int, seconds: float) -> Fetched:
        """See the protocol. `limit` counts for the body as it comes and as it is then; `seconds` for all of it."""
        async with told(url, seconds, INSTEAD):
            places = [read(url)]
            while True:
                found = await self._asked(places[-1], limit, seconds)
                if isinstance(found, Fetched):
                    return replace(found, name=places[0].name or found.name)
                if found in places:
                    raise Refused("it redirects in a circle")
                if len(places) > REDIRECTS:
                    raise Refused(f"it redirects more than {REDIRECTS} times")
                places.append(found)

    async def post(self, url: str, headers: Headers, body: bytes, seconds: float, near: Origin) -> Posted:
        """See the protocol. `seconds` counts for all of it; a redirect is an answer like any other."""
        async with told(url, seconds):
            place = read(url)
            judged = not is_own(place.origin, near)
            if judged and place.origin.scheme != "https":
                raise Refused("it is not https")
            upstream = self._ways.upstream(self._providers.get(near), place.origin, plain=True)
            request = framed(place.origin, HttpRequest("POST", place.target, [*headers, LAST], body))
            async with self._reach.answer(upstream, request, seconds, judged=judged) as answer:
                content = b"".join([piece async for piece in bounded(answer, ANSWER_LIMIT)])
                return Posted(answer.status, answer.headers, content)

    async def _asked(self, place: Place, limit: int, seconds: float) -> Fetched | Place:
        """What is at a place, or where it has gone."""
        upstream = self._ways.upstream(None, place.origin, plain=True)
        request = framed(place.origin, HttpRequest("GET", place.target, [*ASKING, LAST]))
        async with self._reach.answer(upstream, request, seconds) as answer:
            location = get_header(answer.headers, b"location")
            if answer.status in REDIRECTING and location is not None:
                return place.onward(location.decode("utf-8", "replace"))
            if answer.status != 200:
                raise Refused(f"the answer is {answer.status} {reason_phrase(answer.status).decode()}".rstrip())
            body = await body_of(answer, limit)
            return Fetched(media_type(answer.headers, body), body, place.name)


def is_own(origin: Origin, near: Origin) -> bool:
    """True for the host of the provider itself, no less protected than that is."""
    same = origin.host.lower().rstrip(".") == near.host.lower().rstrip(".")
    return same and origin.scheme in ("https", near.scheme)


@asynccontextmanager
async def told(url: str, seconds: float, advice: str = "") -> AsyncIterator[None]:
    """What goes wrong as an OutsideError that names the URL, and what can be done."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (Refused, TransportError, TimeoutError) as error:
        why = f"it did not come within {seconds:g} s" if isinstance(error, TimeoutError) else str(error)
        raise OutsideError(f"{shown(url)}: {why}" + (f" ({advice})" if advice else "")) from error
