"""Sources whose answer never changes."""

from __future__ import annotations

from ccproxy.auth.source import Credential, CredentialError, SourceState


class LiteralSource:
    """A credential that stands in the configuration itself."""

    kind = "literal"

    def __init__(self, value: str, header: str | None = None) -> None:
        self.header = header
        self._credential = Credential(value)

    def cached(self) -> Credential:
        """The credential."""
        return self._credential

    async def token(self) -> Credential:
        """The credential."""
        return self._credential

    async def renew(self, refused: str) -> Credential:
        """Raises CredentialError: there is no other."""
        raise CredentialError("it stands in the configuration and does not change")

    async def check(self) -> SourceState:
        """It is always there."""
        return SourceState("the configuration", present=True)

    def invalidate(self) -> None:
        """Nothing is cached."""


class UnsupportedSource:
    """A source that this version knows by name only: every use of it fails and says so."""

    def __init__(self, kind: str, header: str | None = None) -> None:
        self.header = header
        self.kind = kind

    def cached(self) -> None:
        """Never."""

    async def token(self) -> Credential:
        """Raises CredentialError."""
        raise CredentialError(
            f"auth type {self.kind} is not supported by this version yet; use a command that prints the token"
        )

    async def renew(self, refused: str) -> Credential:
        """Raises CredentialError."""
        return await self.token()

    async def check(self) -> SourceState:
        """It is never there."""
        return SourceState(self.kind, present=False, error="not supported by this version yet")

    def invalidate(self) -> None:
        """Nothing is cached."""
