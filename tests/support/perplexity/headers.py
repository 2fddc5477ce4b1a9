"""What the web application's own pages send with each call."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.support.perplexity.payload import is_uuid
from tests.support.upstream import Recorded

COOKIE = "__Secure-next-auth.session-token"
QUERY_STATE, HOME = "perplexity-query-state-provider", "ask-input-inner-home"
SIDEBAR, LIST, THREAD, EXPORT = "home-sidebar", "threads-body", "thread-body", "entry-export"
REASONS = {QUERY_STATE, HOME, SIDEBAR, LIST, THREAD, EXPORT}

STAMPS = {
    "x-app-apiversion": b"2.18",
    "x-app-apiclient": b"default",
    "sec-fetch-dest": b"empty",
    "sec-fetch-mode": b"cors",
    "sec-fetch-site": b"same-origin",
}


def session(request: Recorded) -> str | None:
    """The session's token, as cookies are sent (RFC 6265 §4.2)."""
    pairs = (each.strip().partition("=") for each in (request.field("cookie") or b"").decode().split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), None)


def faults(request: Recorded, origin: str, reasons: set[str]) -> str:
    """What a call lacks that those of a browser have; empty if it is as it should be."""
    if request.field("authorization") is not None:
        return "authorization"
    agent = request.field("user-agent") or b""
    if b"Chrome/131" not in agent or b"Linux x86_64" not in agent:
        return "user-agent"
    if request.field("origin") != origin.encode() or request.field("referer") != f"{origin}/".encode():
        return "origin, referer"
    wrong = [name for name, value in STAMPS.items() if request.field(name) != value]
    if (request.field("x-perplexity-request-reason") or b"").decode() not in reasons:
        wrong.append("x-perplexity-request-reason")
    if not is_uuid((request.field("x-request-id") or b"").decode()):
        wrong.append("x-request-id")
    if request.body and request.field("content-type") != b"application/json":
        wrong.append("content-type")
    return ", ".join(wrong)


def page_faults(request: Recorded, origin: str) -> str:
    """The same for a page that is looked at."""
    if b"Chrome/131" not in (request.field("user-agent") or b""):
        return "user-agent"
    referer = urlsplit((request.field("referer") or b"").decode())
    return "" if f"{referer.scheme}://{referer.netloc}" == origin else "referer"
