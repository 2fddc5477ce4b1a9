"""What tests of OAuth sources share: an endpoint, the real way to it, and files as the vendors' programs write them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccproxy.assembly import build_transport
from ccproxy.auth import Post, build_source
from ccproxy.auth.clock import Clock
from ccproxy.auth.oauth import OAuthSource
from ccproxy.config import Config
from ccproxy.transport.posting import Poster
from tests.support.token_server import Issuer, TokenServer

FILES = {
    "anthropic_oauth": ".claude/.credentials.json",
    "google_oauth": ".gemini/oauth_creds.json",
    "codex_oauth": ".codex/auth.json",
}


def document(kind: str, tokens: dict[str, Any]) -> dict[str, Any]:
    """A credential file with what an issuer gave; `more` stands for members that we know nothing of."""
    expires = int(tokens["expires_at"] * 1000)
    match kind:
        case "anthropic_oauth":
            inner = {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]}
            return {"claudeAiOauth": {**inner, "expiresAt": expires, "scopes": ["user:inference"]}, "more": {"a": 1}}
        case "google_oauth":
            flat = {"access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"]}
            return {**flat, "scope": "s", "token_type": "Bearer", "expiry_date": expires, "more": [1, 2.5, None]}
    names = ("id_token", "access_token", "refresh_token", "account_id")
    return {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {name: tokens[name] for name in names},
        "last_refresh": "2020-01-01T00:00:00.000000000Z",
        "more": "é",
    }


@dataclass
class House:
    """One vendor's endpoint and file."""

    kind: str
    server: TokenServer
    file: Path
    post: Post

    @property
    def issuer(self) -> Issuer:
        return self.server.issuer

    @property
    def posts(self) -> int:
        return self.issuer.counters["posts"]

    def login(self, seconds: float = 3600.0, **changes: Any) -> dict[str, Any]:
        """Writes the file anew, with tokens that are good for some seconds."""
        tokens = self.issuer.issue(seconds) | changes
        self.write(document(self.kind, tokens))
        return tokens

    def write(self, content: dict[str, Any] | bytes) -> None:
        """Replaces the file, as the vendors' programs do."""
        new = self.file.with_name("new")
        new.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        new.replace(self.file)

    def read(self) -> dict[str, Any]:
        found = json.loads(self.file.read_text())
        assert isinstance(found, dict)
        return found

    @property
    def held(self) -> tuple[str, str]:
        """Access and refresh token of the file."""
        found = self.read()
        inner = found.get("claudeAiOauth") or found.get("tokens") or found
        access, refresh = inner.get("accessToken"), inner.get("refreshToken")
        return access or inner.get("access_token"), refresh or inner.get("refresh_token")

    def source(
        self,
        clock: Clock | None = None,
        knobs: dict[str, Any] | None = None,
        environ: dict[str, str] | None = None,
        **auth: Any,
    ) -> OAuthSource:
        """Another source of this file, as another process would have it."""
        secrets = {"client_id": "ours", "client_secret": "not-a-secret"} if self.kind == "google_oauth" else {}
        written = {"type": self.kind, "file_path": str(self.file), "endpoint": self.server.url, **secrets, **auth}
        provider = {"type": "openai", "host": "h", "auth": written}
        knobs = {"refresh_jitter_seconds": 0, "refresh_headroom_seconds": 60} | (knobs or {})
        config = Config.model_validate({"providers": {"p": provider}, "auth": knobs})
        source = build_source(config.providers["p"].auth, config.auth, self.post, environ or {}, clock or Clock())
        assert isinstance(source, OAuthSource)
        return source


@asynccontextmanager
async def house(folder: Path, kind: str = "anthropic_oauth", issuer: Issuer | None = None) -> AsyncIterator[House]:
    """The endpoint of a vendor on a free port, and the real transport to it."""
    issuer = issuer or Issuer(rotate=kind != "google_oauth", codex=kind == "codex_oauth")
    transport = build_transport(Config())
    file = folder / FILES[kind]
    file.parent.mkdir(parents=True)
    try:
        async with TokenServer(issuer) as server:
            yield House(kind, server, file, Poster(transport))
    finally:
        await transport.close()


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits for something to be true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        await asyncio.sleep(0.005)


class Hands:
    """A clock that a test sets: `wall_offset` for the machine's, `passed` for seconds that have gone by."""

    def __init__(self, wall_offset: float = 0.0) -> None:
        self.wall_offset, self.passed = wall_offset, 0.0
        self.clock = Clock(lambda: time.time() + self.wall_offset + self.passed, lambda: time.monotonic() + self.passed)
