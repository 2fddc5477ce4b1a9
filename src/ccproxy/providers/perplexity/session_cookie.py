"""The session of Perplexity's web application, out of what a browser shows of it."""

from __future__ import annotations

import re

from ccproxy.auth import CredentialError
from ccproxy.providers.provider import SESSION_COOKIE

NAME = SESSION_COOKIE.decode("ascii").rstrip("=")
FIELD = re.compile(r"cookie:\s*", re.IGNORECASE)
OTHER = re.compile(r"__(?:Secure|Host)-|[\w.-]*next-auth")
"""How the names of cookies begin that stand beside it."""
VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
"""What a cookie may hold (RFC 6265 §4.1.1)."""


def session_token(text: str) -> str:
    """The token: as it is, as `name=value`, or out of a whole `Cookie` field.

    A long one comes in pieces, `name.0`, `name.1` and so on, which the application's library puts together again
    (next-auth, packages/core/src/lib/utils/cookie.ts). Raises CredentialError, which never repeats any of it.
    """
    line = text.strip()
    given = FIELD.sub("", line, count=1) if FIELD.match(line) else line
    cookies = dict(reversed([cookie(part) for part in given.split(";")]))  # of two, the first counts
    token = cookies.get(NAME) or "".join(pieces(cookies))
    if not token:
        if given != line or ";" in given or OTHER.match(given):
            raise CredentialError(f"there is no cookie {NAME} in it")
        token = given.strip('"')
    if token and not VALUE.fullmatch(token):
        raise CredentialError("it holds characters that no cookie has")
    return token


def cookie(part: str) -> tuple[str, str]:
    """A name and a value."""
    name, _, value = part.partition("=")
    return name.strip(), value.strip().strip('"')


def pieces(cookies: dict[str, str]) -> list[str]:
    """Those of a long token, in their order."""
    found: list[str] = []
    while (piece := cookies.get(f"{NAME}.{len(found)}")) is not None:
        found.append(piece)
    return found
