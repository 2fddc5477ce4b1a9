"""What a credential file and a token endpoint give, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ccproxy.auth.dotted import Document
from ccproxy.auth.source import Credential


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a file holds. Times are seconds since the epoch.

    `by_provider`: they are told by the provider's clock (`exp` and `iat` of a JWT), not by this machine's.
    """

    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)
    expires: float | None = None
    issued: float | None = None
    by_provider: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def credential(self) -> Credential | None:
        """The access token as requests carry it."""
        return Credential(self.access, self.headers) if self.access is not None else None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a refresh has given (RFC 6749 §5.1).

    `lifetime` is in seconds, None if the endpoint did not say it; `date` is the endpoint's clock, if it said that.
    """

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    lifetime: float | None = None
    date: float | None = None

    def after(self, former: Grant) -> Grant:
        """The same with what only an earlier one has told."""
        return replace(self, refresh=self.refresh or former.refresh, id_token=self.id_token or former.id_token)


class Layout(Protocol):
    """How one program's file holds its tokens."""

    def tokens(self, document: Document, path: Path) -> Tokens:
        """Raises Unsettled if there are none, CredentialError if they are none that can be used."""

    def lifetime(self, grant: Grant) -> float | None:
        """For how many seconds a grant is good; None if nobody knows."""

    def members(self, document: Document, grant: Grant, expires: float | None, now: float) -> Mapping[str, object]:
        """What a grant changes, by dotted path. `expires` and `now` are by this machine's clock."""
