"""Sources whose answer never changes."""

from __future__ import annotations

from ccproxy.auth.source import Credential, CredentialError


class LiteralSource:
    """A credential that stands in the configuration itself."""

    def __init__(self, value: str, header: str | None = None) -> None:
        self.header = header
        self._credential = Credential(value)

    def cached(self) -> Credential:
        """The credential."""
        return self._credential

    async def token(self) -> Credential:
        """The credential."""
        return self._credential

    def invalidate(self) -> None:
        """Nothing is cached."""


class UnsupportedSource:
    """A source that this version knows by name only: every use of it fails and says so."""

    def __init__(self, kind: str, header: str | None = None) -> None:
        self.header = header
        self._kind = kind

    def cached(self) -> None:
        """Never."""

    async def token(self) -> Credential:
        """Raises CredentialError."""
        raise CredentialError(
            f"auth type {self._kind} is not supported by this version yet; use a command that prints the token"
        )

    def invalidate(self) -> None:
        """Nothing is cached."""
