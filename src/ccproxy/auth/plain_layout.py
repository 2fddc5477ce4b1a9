"""Files with an access token, a refresh token and an expiry: Claude Code's, gemini-cli's, and our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ccproxy.auth.credential_file import Unsettled
from ccproxy.auth.dotted import Document, find, text_at
from ccproxy.auth.expiry import epoch, like, milliseconds
from ccproxy.auth.source import checked
from ccproxy.auth.tokens import Grant, Tokens


@dataclass(frozen=True, slots=True)
class Paths:
    """Dotted paths of the members."""

    access: str
    refresh: str
    expiry: str


FLAT = Paths("access_token", "refresh_token", "expires_at")
CLAUDE_CODE = Paths("claudeAiOauth.accessToken", "claudeAiOauth.refreshToken", "claudeAiOauth.expiresAt")
GEMINI = Paths("access_token", "refresh_token", "expiry_date")


class PlainLayout:
    """`known` are the paths to look at, `chosen` those (by name) that are not looked for. Expiry is in milliseconds
    where the file does not show another unit. `default_lifetime` is for endpoints that tell none; `headers` go with
    every token."""

    def __init__(
        self,
        known: Sequence[Paths],
        chosen: Mapping[str, str | None],
        default_lifetime: float,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._headers = headers
        given = {name: path for name, path in chosen.items() if path is not None}
        self._known = [replace(paths, **given) for paths in known]
        self._default_lifetime = default_lifetime

    def tokens(self, document: Document, path: Path) -> Tokens:
        """See `Layout.tokens`."""
        paths = self._paths(document)
        access, refresh = usable(document, paths.access, path), usable(document, paths.refresh, path)
        if access is None and refresh is None:
            raise Unsettled(f"{path} holds neither an access token ({paths.access}) nor a refresh token")
        return Tokens(access, refresh, epoch(find(document, paths.expiry)), headers=self._headers)

    def lifetime(self, grant: Grant) -> float | None:
        """See `Layout.lifetime`."""
        return grant.lifetime if grant.lifetime is not None else self._default_lifetime

    def members(self, document: Document, grant: Grant, expires: float | None, now: float) -> Mapping[str, object]:
        """See `Layout.members`."""
        paths = self._paths(document)
        changed: dict[str, object] = {paths.access: grant.access}
        if grant.refresh is not None:
            changed[paths.refresh] = grant.refresh
        if expires is not None:
            changed[paths.expiry] = like(find(document, paths.expiry), expires, milliseconds)
        return changed

    def _paths(self, document: Document) -> Paths:
        """Those where there is a token; the first ones if there is none anywhere."""

        def holds(paths: Paths) -> bool:
            return any(text_at(document, path) for path in (paths.access, paths.refresh))

        return next(filter(holds, self._known), self._known[0])


def usable(document: Document, path: str, file: Path) -> str | None:
    """The token at a path, None if there is none. Raises CredentialError if it could stand in no header."""
    text = text_at(document, path)
    return checked(text, f"the member {path} of {file} holds").token if text is not None else None
