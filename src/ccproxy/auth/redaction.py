"""What others said, with what must not be told again taken out of it."""

from __future__ import annotations

import re
from collections.abc import Collection

HIDDEN = "[redacted]"
TOKEN = re.compile(r"(?:ya29\.|1//|eyJ|GOCSPX-)[\w.~+/=-]{8,}", re.ASCII)
"""How Google's secrets begin: access tokens, refresh tokens, JSON Web Tokens, the secrets of clients."""
LONG = re.compile(r"[\w.~+/=-]{24,}", re.ASCII)
"""What may be a token."""
BREAKS = re.compile(r"[/=+~]")
HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,20}")
_WORD = r"(?:[A-Z]{1,20}\d{0,3}|[A-Z]?[a-z]{1,20}(?:[A-Z][a-z]{2,20}){0,4}\d{0,3}|v\d[a-z0-9]{0,8}|\d{1,12})"
WORDS = re.compile(rf"[._-]*(?:{_WORD}(?:[._-]+{_WORD})*)?[._-]*")


def hidden(said: str, secrets: Collection[str]) -> str:
    """A text in one line, without these secrets, and without what begins as a token of Google's does."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, HIDDEN)
    return " ".join("".join(each if each.isprintable() else " " for each in TOKEN.sub(HIDDEN, said)).split())


def hidden_unless_named(said: str, secrets: Collection[str]) -> str:
    """The same, and of what is long only names are left: of hosts, variables, files, whatever is made of words."""
    return LONG.sub(lambda found: found[0] if _is_name(found[0]) else HIDDEN, hidden(said, secrets))


def _is_name(text: str) -> bool:
    return all(HOST.fullmatch(part) or WORDS.fullmatch(part) for part in BREAKS.split(text))
