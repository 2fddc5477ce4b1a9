"""What a source of credentials is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

MAX_BYTES = 65_536
"""Nothing longer is a credential."""


class CredentialError(Exception):
    """A credential could not be obtained. The message is for people, says why, and never holds a credential."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, with the header fields that a provider wants beside it."""

    token: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class CredentialSource(Protocol):
    """Where the credential of one provider comes from."""

    @property
    def header(self) -> str | None:
        """The header that carries it, in lower case; None means `authorization: Bearer`."""

    def cached(self) -> Credential | None:
        """The credential if there is a fresh one, at once. For the hot path."""

    async def token(self) -> Credential:
        """The credential, obtained if need be. Raises CredentialError."""

    def invalidate(self) -> None:
        """Forget what is cached: the provider refused it."""


def decoded(data: bytes, origin: str) -> str:
    """The text in `data`. `origin`, such as "the command printed", begins the message of the CredentialError."""
    if len(data) > MAX_BYTES:
        raise CredentialError(f"{origin} more than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialError(f"{origin} something that is not text") from None


def checked(text: str, origin: str) -> Credential:
    """The text, white space around it removed, as a credential that can stand in a header (RFC 9110 §5.5)."""
    token = text.strip()
    if not token:
        raise CredentialError(f"{origin} nothing")
    if "\n" in token or "\r" in token:
        raise CredentialError(f"{origin} more than one line")
    if not (token.isascii() and token.isprintable()):
        raise CredentialError(f"{origin} characters that cannot stand in a header")
    return Credential(token)
