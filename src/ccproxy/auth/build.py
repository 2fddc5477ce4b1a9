"""From configuration to source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccproxy.auth.clock import Clock
from ccproxy.auth.command import CommandSource
from ccproxy.auth.file import FileSource
from ccproxy.auth.fixed import LiteralSource
from ccproxy.auth.held import Margins
from ccproxy.auth.oauth_build import OAuthBuilder
from ccproxy.auth.source import Post, Reader, checked, no_post
from ccproxy.config.credential_forms import CommandAuth, FileAuth, GoogleAuth, LiteralAuth

if TYPE_CHECKING:
    from ccproxy.auth.source import CredentialSource
    from ccproxy.config.credentials import AnyAuth, AuthKnobs


def build_source(
    auth: AnyAuth | None,
    knobs: AuthKnobs,
    post: Post = no_post,
    environ: Mapping[str, str] = os.environ,
    clock: Clock = Clock(),  # noqa: B008 - it is frozen
    read: Reader = checked,
) -> CredentialSource | None:
    """The source that an `auth` key describes; None if there is none. Nothing is run or read yet.

    `post` is how it asks for a new token, if it renews itself. `environ` says where clients keep their files. `read`
    finds the credential in what a command prints or a file holds.
    """
    match auth:
        case None:
            return None
        case CommandAuth():
            return CommandSource(auth.command, **_obtained(auth, knobs, read))
        case FileAuth():
            return FileSource(auth.file, **_obtained(auth, knobs, read))
        case LiteralAuth():
            return LiteralSource(auth.value, auth.header)
        case GoogleAuth():
            return _google(auth, knobs, post, environ, clock)
        case _:
            return OAuthBuilder(knobs, post, environ, clock).source(auth)


def _obtained(auth: CommandAuth | FileAuth, knobs: AuthKnobs, read: Reader) -> Any:
    timeout = knobs.command_timeout_seconds
    return {"header": auth.header, "max_age": auth.max_age_seconds, "timeout": timeout, "read": read}


def _google(
    auth: GoogleAuth, knobs: AuthKnobs, post: Post, environ: Mapping[str, str], clock: Clock
) -> CredentialSource:
    from ccproxy.auth.google_auth import GoogleSource
    from ccproxy.auth.google_mint import Asking, Mint

    margins = Margins(knobs.refresh_headroom_seconds, knobs.refresh_jitter_seconds)
    asking = Asking(post, knobs.refresh_timeout_seconds, margins, clock)
    return GoogleSource(Mint(auth.file, auth.scopes, asking, environ), auth.header, clock)
