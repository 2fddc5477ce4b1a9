"""The probe of `verify_readiness_on_startup`: is there a way out at all, before anybody is let in?"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from ccproxy.exchange import DEFAULT_PORTS, HttpRequest, Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.transport import Transport


class NotReady(Exception):
    """The probe's URL cannot be reached; the message names it, the cause, and the setting to change."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"readiness_probe_url {url} cannot be reached: {cause}; "
            "set verify_readiness_on_startup: false to start all the same"
        )


async def require_reachable(url: str, seconds: float, transport: Transport) -> None:
    """Sends one HEAD to `url`; whatever status comes within `seconds` is good. Raises NotReady."""
    parts = urlsplit(url)
    try:
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])
    except (KeyError, ValueError) as error:
        raise NotReady(url, "this is no http or https URL") from error
    request = HttpRequest("HEAD", (parts.path or "/").encode("latin-1"), [(b"Host", origin.authority.encode("ascii"))])
    try:
        async with asyncio.timeout(seconds):
            answer = await transport.send(Delivery(origin, request))
    except TimeoutError:
        raise NotReady(url, f"no answer within {seconds:g} s") from None
    except TransportError as error:
        raise NotReady(url, str(error)) from error
    answer.close()
