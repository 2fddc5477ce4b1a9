"""From the configuration of an OAuth credential to its source: what differs among vendors, in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ccproxy.auth.clock import Clock
from ccproxy.auth.codex_layout import CodexLayout
from ccproxy.auth.credential_file import CredentialFile
from ccproxy.auth.gemini_cli import InstalledClient
from ccproxy.auth.held import Margins
from ccproxy.auth.keeper import Keeper
from ccproxy.auth.oauth import OAuthSource
from ccproxy.auth.plain_layout import CLAUDE_CODE, FLAT, GEMINI, Paths, PlainLayout
from ccproxy.auth.refresher import Refresher, Vendor
from ccproxy.auth.source import Post
from ccproxy.auth.token_endpoint import TokenEndpoint, Wanted
from ccproxy.auth.tokens import Layout
from ccproxy.auth.vendor_lock import REFRESHING, WRITING
from ccproxy.config.credential_forms import AnthropicOAuth, CodexOAuth, GoogleOAuth
from ccproxy.config.credentials import AuthKnobs

VENDORS: Mapping[str, Vendor] = {
    "anthropic_oauth": Vendor("`claude`", REFRESHING["anthropic_oauth"], patience=0.5),
    "google_oauth": Vendor("`gemini`", REFRESHING["google_oauth"], patience=0.0),
    "codex_oauth": Vendor("`codex login`", REFRESHING["codex_oauth"], patience=2.0),
}
"""Codex posts without a lock, and so may be a little quicker than we: its answer is waited for."""
CODEX_HEADROOM = 420.0
"""Codex refreshes 300 s before the end; as it takes no lock for that, we do it before."""
CLAUDE_BETA = (("anthropic-beta", "oauth-2025-04-20"),)
"""Without this beta Anthropic's API takes API keys only."""

type AnyOAuth = AnthropicOAuth | GoogleOAuth | CodexOAuth


class OAuthBuilder:
    """Builds sources with the knobs of one configuration."""

    def __init__(self, knobs: AuthKnobs, post: Post, environ: Mapping[str, str], clock: Clock) -> None:
        self._knobs, self._post, self._environ, self._clock = knobs, post, environ, clock

    def source(self, auth: AnyOAuth) -> OAuthSource:
        """The source for a credential; nothing is read yet."""
        file = CredentialFile(*self._files(auth))
        keeper = Keeper(file, self._layout(auth), self._margins(auth.type), self._clock, WRITING[auth.type])
        refresher = Refresher(VENDORS[auth.type], keeper, self._endpoint(auth))
        return OAuthSource(auth.type, keeper, refresher, auth.header, self._clock)

    def _files(self, auth: AnyOAuth) -> tuple[Path, ...]:
        if auth.file_path is not None:
            return (auth.file_path,)
        if isinstance(auth, AnthropicOAuth):
            return self._claude_files()
        return (self._home("CODEX_HOME", ".codex") / "auth.json",)

    def _layout(self, auth: AnyOAuth) -> Layout:
        match auth:
            case AnthropicOAuth():
                return _plain(auth, (CLAUDE_CODE, FLAT), CLAUDE_BETA)
            case GoogleOAuth():
                return _plain(auth, (GEMINI,))
            case CodexOAuth():
                return CodexLayout(
                    access=auth.access_path,
                    refresh=auth.refresh_path,
                    identity=auth.identity_jwt_path,
                    account=auth.account_id_path,
                    last_refresh=auth.last_refresh_path,
                )

    def _endpoint(self, auth: AnyOAuth) -> TokenEndpoint:
        members = {"client_id": auth.client_id}
        if auth.scope is not None:
            members["scope"] = auth.scope
        wanted = None
        if isinstance(auth, GoogleOAuth):
            if auth.client_secret is not None:
                members["client_secret"] = auth.client_secret
            else:
                wanted = self._secret_of(auth.client_id)
        timeout = self._knobs.refresh_timeout_seconds
        return TokenEndpoint(self._post, auth.endpoint, auth.encoding, members, timeout, wanted)

    def _secret_of(self, client_id: str) -> Wanted:
        """The secret of gemini-cli, as it is installed here."""
        installed = InstalledClient(self._environ)

        async def wanted() -> Mapping[str, str]:
            return {"client_secret": await installed.secret(client_id)}

        return wanted

    def _margins(self, kind: str) -> Margins:
        knobs = self._knobs
        by_default = "refresh_headroom_seconds" not in knobs.model_fields_set
        headroom = CODEX_HEADROOM if kind == "codex_oauth" and by_default else knobs.refresh_headroom_seconds
        return Margins(headroom, knobs.refresh_jitter_seconds)

    def _claude_files(self) -> tuple[Path, Path]:
        ours = Path(os.path.expanduser("~/.config/ccproxy/oauth/anthropic.json"))
        return ours, self._home("CLAUDE_CONFIG_DIR", ".claude") / ".credentials.json"

    def _home(self, variable: str, folder: str) -> Path:
        """Where a client keeps its files: what a variable says, or a folder in the user's home."""
        return Path(os.path.expanduser(self._environ.get(variable) or f"~/{folder}"))


def _plain(
    auth: AnthropicOAuth | GoogleOAuth, known: tuple[Paths, ...], headers: tuple[tuple[str, str], ...] = ()
) -> PlainLayout:
    chosen = {"access": auth.access_path, "refresh": auth.refresh_path, "expiry": auth.expiry_path}
    return PlainLayout(known, chosen, auth.default_expires_in_seconds, headers)
