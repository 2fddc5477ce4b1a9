"""Made-up accounts: a token endpoint as a process, a credential file as the vendor's client keeps it, a provider."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.crossing import answering
from tests.support.upstream import Recorded, Script, Send, Step

REFUSED = b'{"type":"error","error":{"type":"authentication_error","message":"not with this token","code":401}}'
GOOGLE_CLIENT = {"client_id": "made-up.apps.example.com", "client_secret": "made-up"}


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


class Endpoint:
    """`tests.support.token_server` as a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.url: str = json.loads(process.stdout.readline())["url"]

    def get(self, path: str) -> Any:
        """What it tells."""
        with urllib.request.urlopen(self.url.replace("/v1/oauth/token", path), timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, value: Any = None) -> None:
        """Tells it something."""
        data = json.dumps(value).encode()
        urllib.request.urlopen(self.url.replace("/v1/oauth/token", path), data=data, timeout=10).close()

    def accepts(self, authorization: bytes | None) -> bool:
        """Whether an access token is good."""
        request = urllib.request.Request(self.url.replace("/v1/oauth/token", "/check"))
        request.add_header("Authorization", (authorization or b"").decode())
        try:
            return bool(urllib.request.urlopen(request, timeout=10).status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False


@contextmanager
def endpoint(*flags: str, lifetime: float = 3600) -> Iterator[Endpoint]:
    """A token endpoint for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.support.token_server", "--lifetime", str(lifetime), *flags]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=Path(__file__).parents[2], **pipes) as process:  # type: ignore[call-overload]
        try:
            yield Endpoint(process)
        finally:
            process.stdin.close()
            process.wait(10)


class Account:
    """One login: its credential file, and the provider that uses it."""

    def __init__(self, vendor: Vendor, at: Endpoint, folder: Path, lifetime: float = 3600) -> None:
        self.vendor, self.endpoint = vendor, at
        self.file = folder / vendor.file
        issued = at.get(f"/issue?lifetime={lifetime}")
        self.file.write_text(json.dumps(document(vendor, issued), indent=2))
        self.file.chmod(0o600)

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
        auth = {"type": self.vendor.auth, "file_path": str(self.file), "endpoint": self.endpoint.url}
        if self.vendor.auth == "google_oauth":
            auth |= GOOGLE_CLIENT
        return {"type": self.vendor.format, "base_url": base_url, "auth": auth | more}

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


def document(vendor: Vendor, issued: dict[str, Any]) -> dict[str, Any]:
    """The credential file as the vendor's client writes it, with members that are none of our business."""
    milliseconds = int(issued["expires_at"] * 1000)
    match vendor.auth:
        case "anthropic_oauth":
            inner = {
                "accessToken": issued["access_token"],
                "refreshToken": issued["refresh_token"],
                "expiresAt": milliseconds,
                "scopes": ["user:inference", "user:profile"],
                "subscriptionType": "max",
            }
            return {"claudeAiOauth": inner, "other": {"kept": True}}
        case "codex_oauth":
            names = ("id_token", "access_token", "refresh_token", "account_id")
            tokens = {name: issued[name] for name in names}
            return {
                "auth_mode": "chatgpt",
                "OPENAI_API_KEY": None,
                "tokens": tokens,
                "last_refresh": "2026-01-01T00:00:00Z",
            }
        case _:
            named = {name: issued[name] for name in ("access_token", "refresh_token", "token_type")}
            return named | {"scope": "cloud-platform", "expiry_date": milliseconds}
