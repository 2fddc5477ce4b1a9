"""The bearer token that clients of ccproxy's own services have to send, where one is configured (RFC 6750)."""

from __future__ import annotations

import hmac

from ccproxy.auth import CredentialError, Post, build_source
from ccproxy.config.credentials import AnyAuth, AuthKnobs


class NoToken(Exception):
    """The token cannot be had, so nobody can be let in; the message says why."""


class Bearer:
    """Lets those in who have the token.

    Args:
        secret: where the token comes from; None lets everybody in.
        knobs: `auth`.
        post: for a source that is refreshed.
    """

    def __init__(self, secret: AnyAuth | None, knobs: AuthKnobs, post: Post) -> None:
        self._source = build_source(secret, knobs, post)

    @property
    def is_set(self) -> bool:
        """Whether a token is asked for at all."""
        return self._source is not None

    async def accepts(self, authorization: bytes) -> bool:
        """Whether a request with this field `Authorization` may be answered. Raises NoToken."""
        if self._source is None:
            return True
        try:
            wanted = (await self._source.token()).token
        except CredentialError as error:
            raise NoToken(str(error)) from error
        if not wanted:
            raise NoToken("it is empty")
        scheme, _, given = authorization.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), wanted.encode())
