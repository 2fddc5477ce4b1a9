"""A source whose answer never changes."""

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

    def accepted(self, token: str) -> None:
        """See `CredentialSource.accepted`: it makes no difference here."""

    async def check(self) -> SourceState:
        """It is always there."""
        return SourceState("the configuration", present=True)

    def invalidate(self) -> None:
        """Nothing is cached."""
