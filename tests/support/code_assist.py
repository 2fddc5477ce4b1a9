"""Code Assist as tests have it: a made-up login of Gemini CLI, the provider that goes by it, and the envelope."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.daemon import Home
from tests.support.token_process import TokenProcess

PROJECT = "made-up-project"
PROVIDER: dict[str, Any] = {"type": "gemini", "path": "/v1internal:{action}", "project": PROJECT}
"""A provider without an address and without a credential."""
CREDENTIALS = ".gemini/oauth_creds.json"
ENVELOPE = {"model", "project", "user_prompt_id", "request"}


@dataclass(frozen=True)
class Login:
    """A login in somebody's home, where Gemini CLI would have it."""

    home: Home
    auth: Mapping[str, Any]

    @property
    def token(self) -> str:
        """The access token that the file has now."""
        return str(json.loads((self.home.root / "home" / CREDENTIALS).read_text())["access_token"])

    def provider(self, url: str, **more: Any) -> dict[str, Any]:
        """The provider at a base URL."""
        return PROVIDER | {"base_url": url, "auth": dict(self.auth)} | more


@contextmanager
def logged_in() -> Iterator[Login]:
    """A home with a login whose tokens are renewed by an endpoint of the tests, as long as it lasts."""
    home = Home()
    try:
        with TokenProcess("--no-rotate") as endpoint:
            yield Login(home, endpoint.login("google_oauth", home.root / "home" / CREDENTIALS))
    finally:
        home.remove()


def unwrapped(document: Mapping[str, Any], project: str = PROJECT) -> dict[str, Any]:
    """The call in an envelope, without the id of its session. Asserts that the envelope is as Gemini CLI's."""
    assert set(document) == ENVELOPE, document.keys()
    assert document["project"] == project
    assert document["model"]
    assert document["user_prompt_id"]
    call = dict(document["request"])
    assert call.pop("session_id")
    return call
