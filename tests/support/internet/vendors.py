"""The three vendors whose CLIs log in: where they give tokens, where they want them, and how they word both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.internet.asides import ACCOUNT, MAIL
from tests.support.token_server import Issuer, jwt

type Members = Mapping[str, Any]


@dataclass(frozen=True)
class Vendor:
    """A vendor's token endpoint and API."""

    token_urls: frozenset[str]
    """Host and path."""
    api_hosts: frozenset[str]
    issuer: partial[Issuer]
    beside: Members
    """The members of the token endpoint's answer that are its own."""
    unauthorized: Members
    """The API's 401."""
    nested: bool = False
    """Whether refusals are worded as `{"error": {"code": …}}`, else as RFC 6749 §5.2 has it."""

    def worded(self, status: int, members: Members) -> Members:
        """The token endpoint's answer in its own words."""
        if status == 200:
            return {**self.beside, **members}
        return {"error": {"message": "Please sign in again.", "code": members["error"]}} if self.nested else members


VENDORS = {
    "anthropic": Vendor(
        frozenset({f"{host}/v1/oauth/token" for host in ("platform.claude.com", "console.anthropic.com", "claude.ai")}),
        frozenset({"api.anthropic.com"}),
        partial(Issuer),
        {
            "scope": "user:inference user:profile",
            "organization": {"uuid": ACCOUNT, "name": "Nobody"},
            "account": {"uuid": ACCOUNT, "email_address": MAIL},
        },
        {"type": "error", "error": {"type": "authentication_error", "message": "OAuth token has expired."}},
    ),
    "openai": Vendor(
        frozenset({"auth.openai.com/oauth/token"}),
        frozenset({"chatgpt.com"}),
        partial(Issuer, codex=True),
        {},
        {"error": {"message": "Provided authentication token is expired.", "code": "token_expired"}, "status": 401},
        nested=True,
    ),
    "google": Vendor(
        frozenset({"oauth2.googleapis.com/token"}),
        frozenset({"cloudcode-pa.googleapis.com", "generativelanguage.googleapis.com"}),
        partial(Issuer, rotate=False),
        {"scope": "https://www.googleapis.com/auth/cloud-platform openid", "id_token": jwt({"email": MAIL})},
        {"error": {"code": 401, "message": "Request had invalid credentials.", "status": "UNAUTHENTICATED"}},
    ),
}
