"""The session of Perplexity's web application, out of what a browser shows of it."""

from __future__ import annotations

import re

from ccproxy.auth import Credential, CredentialError
from ccproxy.providers.provider import SESSION_COOKIE

NAME = SESSION_COOKIE.decode("ascii").rstrip("=")
LETTERS = r"[A-Za-z0-9._~%+/-]"
"""What such a token is made of: JSON Web Encryption (RFC 7516 §7.1), base64 or an id."""
SHORTEST = 20
"""Characters of a token; those of the web application have hundreds."""
TOKEN = re.compile(rf"{LETTERS}+={{0,2}}")
COOKIE = re.compile(
    rf"(?<![\w.-]){re.escape(NAME)}(?:\.(\d{{1,3}}))?"  # a piece of a long one has a number
    r"""["']? *[=:,\t]\s*\^?["']?([^\s;"',\\^]*)"""
)
"""A cookie of that name, its number and its value, in a Cookie field, or in a table or a copy of developer tools."""
BEHIND = re.compile(r"""\s*(?:[;"'\\^]|\Z)|\t|\s+-|\s*\n[\w-]+:""")
"""What may follow a value, if it is all there: such as a quote, an option of curl, or another field."""
API_KEY = re.compile(r"(?:Bearer\s+)?pplx-[\w-]+", re.IGNORECASE)

WHERE = "sign in at www.perplexity.ai with a browser, and take it from its developer tools (storage, cookies)"
NO_KEY = (
    "an API key, and the web application knows nobody by that, but by a browser's session cookie; with the key, the "
    "provider is one of type openai with host api.perplexity.ai"
)


def session(text: str, origin: str) -> Credential:
    """The session's token: as it is, as `name=value`, or out of a `Cookie` field or a whole curl command.

    A long one comes in pieces, `name.0`, `name.1` and so on, which the application's library puts together again
    (next-auth, packages/core/src/lib/utils/cookie.ts). Raises CredentialError, which `origin`, such as "the command
    printed", begins, and which never repeats any of the text.
    """
    given = text.strip().strip("\"'")
    if not given:
        raise CredentialError(f"{origin} nothing")
    if API_KEY.fullmatch(given):
        raise CredentialError(f"{origin} {NO_KEY}")
    token = named(given, origin)
    if not token and (NAME in given or not TOKEN.fullmatch(given)):
        raise CredentialError(f"{origin} no cookie {NAME}: {WHERE}")
    token = token or given
    if len(token) < SHORTEST:
        raise CredentialError(f"{origin} something that is too short for the cookie {NAME}: {WHERE}")
    return Credential(token)


def named(text: str, origin: str) -> str:
    """The value of the cookie, whole or in pieces; of two the first counts. Empty if there is none."""
    found: dict[str, str] = {}
    for match in COOKIE.finditer(text):
        number, value = match[1] or "", match[2]
        if value and not (TOKEN.fullmatch(value) and BEHIND.match(text, match.end())):
            raise CredentialError(f"{origin} the cookie {NAME} with something in it that none has: {WHERE}")
        if value:
            found.setdefault(number, value)
    pieces: list[str] = []
    while (piece := found.get(str(len(pieces)))) is not None:
        pieces.append(piece)
    return found.get("") or "".join(pieces)
