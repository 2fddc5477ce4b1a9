"""Codex's `auth.json`: JWTs that say themselves when they are over and whose account they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccproxy.auth.credential_file import Unsettled
from ccproxy.auth.dotted import Document, text_at
from ccproxy.auth.expiry import epoch, zulu
from ccproxy.auth.jwt import claims
from ccproxy.auth.plain_layout import usable
from ccproxy.auth.source import CredentialError
from ccproxy.auth.tokens import Grant, Tokens

NAMESPACE = "https://api.openai.com/auth"
"""The claim that holds OpenAI's own ones."""
API_KEY = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class CodexLayout:
    """Its arguments are dotted paths."""

    access: str
    refresh: str
    identity: str
    account: str
    last_refresh: str

    def tokens(self, document: Document, path: Path) -> Tokens:
        """See `Layout.tokens`."""
        access, refresh = usable(document, self.access, path), usable(document, self.refresh, path)
        if access is None and refresh is None:
            raise _no_tokens(document, path, self.access)
        said = claims(access)
        expires, issued = epoch(said.get("exp")), epoch(said.get("iat"))
        return Tokens(access, refresh, expires, issued, by_provider=True, headers=self._companions(document))

    def lifetime(self, grant: Grant) -> float | None:
        """See `Layout.lifetime`; `exp` is measured against the endpoint's clock."""
        if grant.lifetime is not None:
            return grant.lifetime
        said = claims(grant.access)
        begin = epoch(said.get("iat")) or grant.date
        expires = epoch(said.get("exp"))
        return expires - begin if expires is not None and begin is not None and expires > begin else None

    def members(self, document: Document, grant: Grant, expires: float | None, now: float) -> Mapping[str, object]:
        """See `Layout.members`; the token itself says when it is over."""
        changed: dict[str, object] = {self.access: grant.access, self.last_refresh: zulu(now)}
        if grant.refresh is not None:
            changed[self.refresh] = grant.refresh
        if grant.id_token is not None:
            changed[self.identity] = grant.id_token
            if account := _claim((claims(grant.id_token),), "chatgpt_account_id"):
                changed[self.account] = account
        return changed

    def _companions(self, document: Document) -> tuple[tuple[str, str], ...]:
        """The fields that ChatGPT's endpoints want beside the token."""
        both = claims(text_at(document, self.identity)), claims(text_at(document, self.access))
        account = text_at(document, self.account) or _claim(both, "chatgpt_account_id")
        headers = {"ChatGPT-Account-ID": account} if _is_value(account) else {}
        if _claim(both, "chatgpt_account_is_fedramp"):
            headers["X-OpenAI-Fedramp"] = "true"
        return tuple(headers.items())


def _claim(said: tuple[Mapping[str, Any], ...], name: str) -> Any:
    """The first of the tokens' claims of this name that says something."""
    inner = (token.get(NAMESPACE) for token in said)
    return next((space[name] for space in inner if isinstance(space, dict) and space.get(name)), None)


def _is_value(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


def _no_tokens(document: Document, path: Path, access: str) -> CredentialError:
    if text_at(document, API_KEY):
        return CredentialError(
            f"{path} holds an API key and no ChatGPT login: log in with `codex login`, "
            f"or use the key with an auth of `command: jq -r .{API_KEY} {path}`"
        )
    return Unsettled(f"{path} holds neither an access token ({access}) nor a refresh token")
