"""Where a credential comes from: what `auth` may say, and the knobs of the `auth` block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationError, ValidationInfo
from pydantic_core import PydanticKnownError

from ccproxy.config.credential_forms import (
    AnthropicOAuth,
    CodexOAuth,
    CommandAuth,
    Credentials,
    FileAuth,
    GoogleAuth,
    GoogleOAuth,
    LiteralAuth,
)
from ccproxy.config.errors import nearest
from ccproxy.config.section import Complaint, Section, complain
from ccproxy.config.values import Seconds, SecondsOrZero


class AuthKnobs(Section):
    """`auth`: how credentials are obtained. Times in seconds."""

    command_timeout_seconds: Seconds = 5.0
    """For a command and for reading a file."""
    refresh_timeout_seconds: Seconds = 15.0
    refresh_headroom_seconds: SecondsOrZero = 60.0
    """How long before its end a token is refreshed."""
    refresh_jitter_seconds: SecondsOrZero = 30.0
    """Up to so much earlier than that, by chance, so that several programs do not do it at once."""


KINDS: Mapping[str, type[Credentials]] = {
    "command": CommandAuth,
    "file": FileAuth,
    "anthropic_oauth": AnthropicOAuth,
    "google_oauth": GoogleOAuth,
    "codex_oauth": CodexOAuth,
    "google_auth": GoogleAuth,
}

LOGINS = frozenset(KINDS) - {"command", "file"}


def _provider_auth(written: object, info: ValidationInfo) -> Credentials:
    """A string is a command; a map names its `type`, or has a `command` or a `file` to tell it by."""
    if isinstance(written, Credentials):
        return written
    if isinstance(written, str):
        if written in LOGINS:
            hint = f"for the login write auth: {{type: {written}}}"
            complaint = Complaint((), "is a type of credential, and as a text would be run as a command", hint)
            raise ValidationError.from_exception_data("auth", [complain(complaint)])
        written = {"command": written}
    if not isinstance(written, dict):
        raise PydanticKnownError("string_type")
    if "type" not in written and {"command", "file"} <= written.keys():
        complaint = Complaint(("file",), "is given beside command", "keep one of the two")
        raise ValidationError.from_exception_data("auth", [complain(complaint)])
    kind = written.get("type") or next((name for name in ("command", "file") if name in written), None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValidationError.from_exception_data("auth", [complain(_no_kind(kind))])
    return KINDS[kind].model_validate({**written, "type": kind}, context=info.context)


def _no_kind(kind: object) -> Complaint:
    known = ", ".join(KINDS)
    if kind is None:
        return Complaint(
            (), "does not say where the credential comes from", f"add a command, a file, or a type: {known}"
        )
    meant = nearest(kind, KINDS) if isinstance(kind, str) else None
    hint = f"did you mean {meant}? Known are {known}" if meant else f"known are {known}"
    return Complaint(("type",), "is not a known source of credentials", hint)


def _secret(written: object, info: ValidationInfo) -> Credentials:
    """As for a provider, except that a string is the secret itself."""
    literal = {"value": written} if isinstance(written, str) else None
    return LiteralAuth.model_validate(literal) if literal else _provider_auth(written, info)


type AnyAuth = CommandAuth | FileAuth | LiteralAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth | GoogleAuth
"""Every form of `auth`, and the passwords of our own services."""
Auth = Annotated[
    CommandAuth | FileAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth | GoogleAuth, PlainValidator(_provider_auth)
]
"""`auth` of a provider."""
Secret = Annotated[Any, PlainValidator(_secret)]
"""A password of one of our own services: a LiteralAuth or any form of `auth`."""
