"""The header fields that the web application's own pages send; the session's cookie is not among them."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ccproxy.exchange import Headers, Origin

if TYPE_CHECKING:
    from ccproxy.config.providers import Provider

API_VERSION = "2.18"
COMMON = {"version": API_VERSION, "source": "default"}
"""Parameters that most calls have in their query."""

HOST = "www.perplexity.ai"
SITE = f"https://{HOST}"
JSON, EVENTS = "application/json", "text/event-stream"
ASKS = f"{EVENTS}, {JSON}"
"""What a question accepts."""
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


class Reason(StrEnum):
    """What a page wants, in its own words (`x-perplexity-request-reason`)."""

    ASK = "perplexity-query-state-provider"
    """Questions, and the thread that they go on with."""
    ATTACHMENT = "ask-input-inner-home"
    THREADS = "threads-body"
    """The list of all threads."""
    THREAD = "thread-body"
    SIDEBAR = "home-sidebar"
    """Recent threads; renaming and deleting them."""
    EXPORT = "entry-export"


FIXED: dict[str, str] = {
    "User-Agent": USER_AGENT,
    "x-app-apiversion": API_VERSION,
    "x-app-apiclient": "default",
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-origin",
}
"""The same in every request."""


def stamped(reason: str, origin: Origin, accept: str = ASKS, *, has_body: bool = True) -> Headers:
    """The fields of one request, with an id of its own.

    Args:
        reason: see `Reason`.
        origin: whom it is for.
        accept: media types.
        has_body: True for a request with JSON in it.
    """
    home = home_of(origin)
    own = {
        "Origin": home,
        "Referer": f"{home}/",
        "Accept": accept,
        **({"Content-Type": JSON} if has_body else {}),
        "x-perplexity-request-reason": str(reason),
        "x-request-id": str(uuid.uuid4()),
    }
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in (FIXED | own).items()]


def home_of(origin: Origin) -> str:
    """The origin that its pages have."""
    return str(origin) if origin.scheme in ("http", "https") else SITE


def remark_on(settings: Provider) -> str | None:
    """What is worth saying of how a provider of this type is configured; None for nothing."""
    at_site = settings.host == HOST or urlsplit(settings.base_url or "").hostname == HOST
    if not at_site or settings.fingerprint_profile is not None:
        return None
    return f"{HOST} tends to refuse connections that are not like a browser's: set fingerprint_profile: chrome131"
