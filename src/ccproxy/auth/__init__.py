"""Credentials for providers: where they come from, obtained off the event loop and kept for a while."""

from __future__ import annotations

from ccproxy.auth.build import build_source
from ccproxy.auth.source import (
    Credential,
    CredentialError,
    CredentialSource,
    Fetched,
    OutsideError,
    Post,
    Posted,
    PostFailed,
    SourceState,
    no_post,
)

__all__ = [
    "Credential",
    "CredentialError",
    "CredentialSource",
    "Fetched",
    "OutsideError",
    "Post",
    "PostFailed",
    "Posted",
    "SourceState",
    "build_source",
    "no_post",
]
