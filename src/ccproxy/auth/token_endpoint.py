"""Asking a token endpoint for new tokens: the POST, and what its answer says."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from ccproxy.auth.source import CredentialError, Post, Posted, PostFailed, checked
from ccproxy.auth.tokens import Grant
from ccproxy.exchange import get_header

FINAL = frozenset({"invalid_grant", "refresh_token_expired", "refresh_token_reused", "refresh_token_invalidated"})
"""Codes that say that this refresh token will never be taken again (RFC 6749 §5.2; the others are OpenAI's)."""
LONGEST = 10 * 365 * 86_400.0
"""Seconds; whoever promises more is taken at this."""
MAX_REASON = 200
SECRET = re.compile(r"[\w.~+/=-]{24,}", re.ASCII)
"""What may be a token, and is not repeated."""
ENCODINGS: Mapping[str, tuple[bytes, Callable[[Mapping[str, str]], str]]] = {
    "json": (b"application/json", json.dumps),
    "form": (b"application/x-www-form-urlencoded;charset=UTF-8", urlencode),
}


type Wanted = Callable[[], Awaitable[Mapping[str, str]]]


class Refused(CredentialError):
    """The endpoint will never take this refresh token again."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """`members` go into every request, such as the client's id. `encoding` is json or form.

    `wanted` looks for members that are not known yet, and raises CredentialError where there are none.
    """

    post: Post
    url: str
    encoding: str
    members: Mapping[str, str] = field(repr=False)
    timeout: float
    wanted: Wanted | None = None

    async def refresh(self, token: str) -> Grant:
        """New tokens for a refresh token (RFC 6749 §6). Raises Refused, and CredentialError for anything else."""
        kind, encoded = ENCODINGS[self.encoding]
        members = {**self.members, **(await self.wanted() if self.wanted is not None else {})}
        body = encoded({"grant_type": "refresh_token", "refresh_token": token, **members}).encode()
        headers = [(b"Content-Type", kind), (b"Accept", b"application/json"), (b"User-Agent", b"ccproxy")]
        try:
            posted = await self.post(self.url, headers, body, self.timeout)
        except PostFailed as error:
            raise CredentialError(f"it could not be refreshed: {error}") from error
        return self._granted(posted)

    async def obstacle(self) -> str | None:
        """Why it cannot be asked; None if it can."""
        try:
            if self.wanted is not None:
                await self.wanted()
        except CredentialError as error:
            return str(error)
        return None

    def _granted(self, posted: Posted) -> Grant:
        said = _object(posted.body)
        if posted.status != 200 or "error" in said:
            code, reason = _refusal(said)
            told = ": ".join(filter(None, (code, reason))) or "no reason that could be read"
            kind = Refused if code in FINAL else CredentialError
            raise kind(f"{self._host} refused to refresh it with status {posted.status}: {told}")
        access = _text(said, "access_token")
        if access is None:
            raise CredentialError(f"{self._host} answered with status 200 and without an access token")
        return Grant(
            checked(access, f"the access token of {self._host} holds").token,
            refresh=_text(said, "refresh_token"),
            id_token=_text(said, "id_token"),
            lifetime=_lifetime(said.get("expires_in")),
            date=_date(posted),
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refusal(said: Mapping[str, Any]) -> tuple[str, str]:
    """Code and description: of RFC 6749 §5.2, or of an API's error object, whose `code` says more than its `type`."""
    error = said.get("error")
    if isinstance(error, dict):
        code = _text(error, "code") or _text(error, "type")
        return shown(code), shown(_text(error, "message"))
    code = error if isinstance(error, str) else _text(said, "code")
    return shown(code), shown(_text(said, "error_description") or _text(said, "message"))


def shown(text: str | None) -> str:
    """What another said, on one line that holds no token."""
    plain = "".join(character if character.isprintable() else " " for character in text or "")
    return SECRET.sub(_hidden, plain)[:MAX_REASON].strip()


def _hidden(found: re.Match[str]) -> str:
    return found[0] if found[0] in FINAL else "[redacted]"


def _text(said: Mapping[str, Any], name: str) -> str | None:
    found = said.get(name)
    return found if isinstance(found, str) and found.strip() else None


def _lifetime(value: object) -> float | None:
    """Seconds; None for what is no such number. A grant is kept all the same: its refresh token is the only one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST) if seconds > 0 else None


def _date(posted: Posted) -> float | None:
    try:
        return parsedate_to_datetime((get_header(posted.headers, b"date") or b"").decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
