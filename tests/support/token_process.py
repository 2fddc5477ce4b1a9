"""The token endpoint of the tests as a process, and the credential files of logins at it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

CODEX = "codex_oauth"
KINDS = ("anthropic_oauth", "google_oauth", CODEX)


class TokenProcess:
    """`python -m tests.support.token_server`. `secrets` are all the tokens that a login here has given to a test."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.secrets: set[str] = set()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.token_server", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.port, self.url = int(told["port"]), str(told["url"])
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    def ask(self, method: str, target: str, value: object = None) -> Any:
        """One request, see `token_server`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, None if value is None else json.dumps(value))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def accepts(self, authorization: bytes | None) -> bool:
        """Whether a field `Authorization` has a good access token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/check", headers={"Authorization": (authorization or b"").decode("latin-1")})
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def count(self, name: str) -> int:
        """One of its counters; 0 at first."""
        return int(self.ask("GET", "/counters")[name])

    def fail(self, **fault: Any) -> None:
        """What happens to the next refresh, see `token_server.Fault`."""
        self.ask("POST", "/faults", [fault])

    def login(self, kind: str, file: Path, lifetime: float = 3600) -> dict[str, Any]:
        """Writes the file of a login, as the program writes it that has this kind of credential."""
        given = self.ask("GET", f"/issue?lifetime={lifetime}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document(kind, given)))
        file.chmod(0o600)
        self.secrets |= tokens_in(file)
        return {"type": kind, "file_path": str(file)} | self.settings(kind)

    def settings(self, kind: str) -> dict[str, Any]:
        """What `auth` has to say so that it is refreshed here."""
        secret = {"client_id": "a-client", "client_secret": "its-secret"} if kind == "google_oauth" else {}
        return {"endpoint": self.url} | secret


def document(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The content of a credential file."""
    access, refresh, expires = given["access_token"], given["refresh_token"], int(given["expires_at"] * 1000)
    if kind == CODEX:
        tokens = {"id_token": given.get("id_token"), "access_token": access, "refresh_token": refresh}
        account = {"account_id": given["account_id"]}
        return {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens | account, "last_refresh": None}
    if kind == "anthropic_oauth":
        return {"claudeAiOauth": {"accessToken": access, "refreshToken": refresh, "expiresAt": expires}}
    return {"access_token": access, "refresh_token": refresh, "expiry_date": expires, "token_type": "Bearer"}


def tokens_in(file: Path) -> set[str]:
    """The tokens that a credential file holds."""

    def texts(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set().union(*map(texts, value.values()))
        return {value} if isinstance(value, str) and len(value) > 20 and "T" not in value[10:11] else set()

    return texts(json.loads(file.read_text()))
