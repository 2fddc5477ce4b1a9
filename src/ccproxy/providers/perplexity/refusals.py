"""Why the web application did not do what it was asked for."""

from __future__ import annotations

from collections.abc import Collection

import orjson

from ccproxy.auth import Posted
from ccproxy.auth.redaction import hidden
from ccproxy.exchange import get_header

LONGEST = 300
"""Characters of what is told of an answer."""

KINDS = {401: "pplx_unauthorized", 403: "pplx_forbidden", 404: "pplx_not_found", 429: "pplx_rate_limited"}
"""What errors are called, by status; others are `pplx_error`."""
SIGN_IN = "sign in at www.perplexity.ai with a browser, and store the session cookie anew: `ccproxy auth store {name}`"
BROWSER = (
    "the site keeps robots away: set `fingerprint_profile: chrome131` for provider {name!r}; where it is set, open "
    "www.perplexity.ai in a browser on the same network"
)
ADVICE = {
    401: SIGN_IN,
    403: f"the account may not do that, the thread is another's, or the session has ended: {SIGN_IN}",
    404: "it may have been deleted, or belong to another account",
    429: "see `ccproxy pplx quota --provider {name}` for what is left",
}
"""What can be done, by status; `name` is the provider's."""
PAGES = {200: f"{BROWSER}; or the session has ended: {SIGN_IN}", 403: BROWSER, 503: BROWSER}
"""The same where the answer is a page: a challenge, or a login."""
NO_SESSION = "provider {name!r} has no session: give it `auth`"
WORDS = ("error_message", "message", "detail", "msg", "error", "text", "error_code", "code")
"""Where an error says why, the best first."""
DEPTH = 4


class SiteError(Exception):
    """The web application did not answer as it should.

    `status` is for the client, `kind` a stable short token; the message is for people. `retry_after` is the value of
    the field of that name, if there was one.
    """

    def __init__(self, status: int, kind: str, message: str, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.retry_after = status, kind, message, retry_after


def unavailable(message: str) -> SiteError:
    """There is no session to ask with."""
    return SiteError(503, "pplx_unavailable", message)


def unreachable(message: str) -> SiteError:
    """There was no answer."""
    return SiteError(502, "pplx_fetch_error", message)


def unusable(message: str) -> SiteError:
    """There was an answer, from which nothing can be made."""
    return SiteError(502, "pplx_bad_answer", message)


def refused(answer: Posted, asked: str, provider: str, secrets: Collection[str] = ()) -> SiteError:
    """What an answer with another status than 2xx means.

    Args:
        answer: the answer, its body decoded.
        asked: what it was asked for, in words.
        provider: the name in the providers map.
        secrets: what must not be told.
    """
    status = answer.status if answer.status >= 400 else 502
    message = sentence(answer.status, asked, told(answer.body, secrets), provider, page=is_page(answer))
    retry_after = get_header(answer.headers, b"retry-after")
    wait = retry_after.decode("latin-1") if retry_after is not None else None
    return SiteError(status, KINDS.get(status, "pplx_error"), message, wait)


def sentence(status: int, asked: str, reason: str, provider: str, *, page: bool) -> str:
    """What an answer said, and what can be done about it.

    Args:
        status: the answer's.
        asked: what it was asked for, in words.
        reason: the site's own words; empty if there are none.
        provider: the name in the providers map.
        page: whether it was HTML.
    """
    answered = f"Perplexity answered {status} to {asked}" + (" with a page in place of an answer" if page else "")
    return advised(f"{answered}: {reason}" if reason else answered, status, provider, page=page)


def advised(words: str, status: int, provider: str, *, page: bool = False) -> str:
    """Words with what can be done behind them, where there is something."""
    advice = (PAGES.get(status) if page else None) or ADVICE.get(status)
    return f"{words} ({advice.format(name=provider)})" if advice else words


def is_page(answer: Posted) -> bool:
    """True for HTML."""
    media_type = get_header(answer.headers, b"content-type") or b""
    return media_type.lower().startswith(b"text/html") or answer.body[:64].lstrip().lower().startswith(b"<!doctype")


def told(body: bytes, secrets: Collection[str] = ()) -> str:
    """The words of an error, in one line and without secrets; empty if it has none."""
    try:
        return said(orjson.loads(body), secrets)
    except ValueError:
        return ""


def said(document: object, secrets: Collection[str] = ()) -> str:
    """The same of its document."""
    line = hidden(words(document), secrets)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def because(document: object) -> str:
    """The same with a colon before it, to be put behind what was wrong."""
    line = said(document)
    return f": {line}" if line else ""


def redacted(line: str, secrets: Collection[str]) -> str:
    """Words in one line without these secrets."""
    return hidden(line, secrets)


def words(document: object, depth: int = DEPTH) -> str:
    """What an error says, wherever it says it (FastAPI has lists of objects in `detail`)."""
    if isinstance(document, str) or depth == 0:
        return document.strip() if isinstance(document, str) else ""
    if isinstance(document, list):
        return "; ".join(filter(None, (words(each, depth - 1) for each in document[:3])))
    if not isinstance(document, dict):
        return ""
    return next(filter(None, (words(document.get(name), depth - 1) for name in WORDS)), "")
