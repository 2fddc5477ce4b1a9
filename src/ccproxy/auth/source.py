"""What a source of credentials is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from ccproxy.exchange import Headers

MAX_BYTES = 65_536
"""Nothing longer is a credential."""


class CredentialError(Exception):
    """A credential could not be obtained. The message is for people, says why, and never holds a credential."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, with the header fields that a provider wants beside it."""

    token: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What can be told of a source without telling the credential. Times are seconds since the epoch."""

    where: str
    """For people: the file, or the command's first words."""
    present: bool
    """True if there is a credential that can be used now, or got without a person."""
    expires: float | None = None
    refreshed: float | None = None
    """When this process last got it anew."""
    error: str | None = None
    """Why it could not be had, or not be renewed, the last time."""
    refreshable: bool = False
    """True if it can be refreshed at its provider's token endpoint."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a POST."""

    status: int
    headers: Headers
    body: bytes


class PostFailed(Exception):
    """There was no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL led to."""

    media_type: str
    """Without parameters, in small letters; empty if neither the server told it nor the content does."""
    body: bytes
    name: str = ""
    """The last part of the URL's path."""


class OutsideError(Exception):
    """What a URL names could not be had, or must not be asked for; the message says which, why, and what to do."""


type Post = Callable[[str, Headers, bytes, float], Awaitable[Posted]]
"""Sends a POST: URL, headers, body, and the seconds it may take in all. Raises PostFailed."""


async def no_post(url: str, headers: Headers, body: bytes, seconds: float) -> Posted:
    """For those who have no way to the network."""
    raise PostFailed(f"nothing may be sent to {url} from here")


type Reader = Callable[[str, str], Credential]
"""Finds a credential in a text, as `checked` does."""


class CredentialSource(Protocol):
    """Where the credential of one provider comes from."""

    @property
    def kind(self) -> str:
        """The `type` of its configuration."""

    @property
    def header(self) -> str | None:
        """The header that carries it, in lower case; None means `authorization: Bearer`."""

    def cached(self) -> Credential | None:
        """The credential if there is a fresh one, at once. For the hot path."""

    async def token(self) -> Credential:
        """The credential, obtained if need be. Raises CredentialError."""

    async def renew(self, refused: str) -> Credential:
        """Another credential than `refused`, which the provider did not take. Raises CredentialError if there is none.

        Callers that come at the same time share one renewal; who comes late gets what it gave.
        """

    def accepted(self, token: str) -> None:
        """The provider has taken a token that `renew` gave: should it be refused one day, that is another matter."""

    async def check(self) -> SourceState:
        """How it stands, as far as can be told without asking a provider. Never raises for what is wrong."""

    def invalidate(self) -> None:
        """Forget what is cached."""


def decoded(data: bytes, origin: str) -> str:
    """The text in `data`. `origin`, such as "the command printed", begins the message of the CredentialError."""
    if len(data) > MAX_BYTES:
        raise CredentialError(f"{origin} more than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialError(f"{origin} something that is not text") from None


def checked(text: str, origin: str) -> Credential:
    """The text, white space around it removed, as a credential that can stand in a header (RFC 9110 §5.5).

    Raises CredentialError, which `origin`, as in `decoded`, begins.
    """
    token = text.strip()
    if not token:
        raise CredentialError(f"{origin} nothing")
    if "\n" in token or "\r" in token:
        raise CredentialError(f"{origin} more than one line")
    if not (token.isascii() and token.isprintable()):
        raise CredentialError(f"{origin} characters that cannot stand in a header")
    return Credential(token)
