"""What a source of credentials is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class CredentialError(Exception):
    """A credential could not be obtained. The message is for people, says why, and never holds a credential."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, with the header fields that a provider wants beside it."""

    token: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()


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


def checked(text: str, origin: str) -> Credential:
    """The text as a credential that can stand in a header (RFC 9110 §5.5). `origin` begins the error's message."""
    token = text.strip()
    if not token:
        raise CredentialError(f"{origin} nothing")
    if not (token.isascii() and token.isprintable()):
        raise CredentialError(f"{origin} more than one line, or characters that cannot stand in a header")
    return Credential(token)
