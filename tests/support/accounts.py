"""Made-up accounts: a login with its credential file, and the provider and the upstream that go by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.crossing import answering
from tests.support.token_process import TokenProcess
from tests.support.upstream import Recorded, Script, Send, Step

REFUSED = b'{"type":"error","error":{"type":"authentication_error","message":"not with this token","code":401}}'


@dataclass(frozen=True)
class Vendor:
    """What a vendor's credentials look like."""

    auth: str
    """The `type` of its credential source."""
    format: str
    file: str
    flags: tuple[str, ...] = ()
    """Of the token endpoint."""


VENDORS = {
    "claude": Vendor("anthropic_oauth", "anthropic", ".credentials.json"),
    "gemini": Vendor("google_oauth", "gemini", "oauth_creds.json", ("--no-rotate",)),
    "codex": Vendor("codex_oauth", "openai_responses", "auth.json", ("--codex",)),
}


class Account:
    """One login: its credential file, and the provider that uses it."""

    def __init__(self, vendor: Vendor, at: TokenProcess, folder: Path, lifetime: float = 3600) -> None:
        self.vendor, self.endpoint = vendor, at
        self.file = folder / vendor.file
        self._auth = at.login(vendor.auth, self.file, lifetime)

    @property
    def tokens(self) -> tuple[str, str]:
        """Access and refresh token as the file has them now."""
        written = json.loads(self.file.read_text())
        match self.vendor.auth:
            case "anthropic_oauth":
                inner = written["claudeAiOauth"]
                return inner["accessToken"], inner["refreshToken"]
            case "codex_oauth":
                return written["tokens"]["access_token"], written["tokens"]["refresh_token"]
            case _:
                return written["access_token"], written["refresh_token"]

    def provider(self, base_url: str, **more: Any) -> dict[str, Any]:
        """A provider that takes this account's tokens."""
        return {"type": self.vendor.format, "base_url": base_url, "auth": self._auth | more}

    def guarded(self, good: Script) -> Script:
        """An upstream that gives `good` answers to those with a valid token only."""

        def script(request: Recorded) -> Iterable[Step]:
            if self.endpoint.accepts(request.field("authorization")):
                return good(request)
            head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            return [Send(head % len(REFUSED) + REFUSED)]

        return script

    def answering(self, *, streamed: bool) -> Script:
        """A guarded upstream that answers with a text in the vendor's format."""
        return self.guarded(answering(self.vendor.format, sse=streamed))
