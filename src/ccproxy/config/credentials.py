"""Where a credential comes from: the forms of `auth`, and the knobs of the `auth` block."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, ValidationInfo
from pydantic_core import PydanticKnownError

from ccproxy.config.section import Complaint, Section, complain
from ccproxy.config.values import FilePath, HeaderName, Seconds, SecondsOrZero, Text, Url, wrong


def _private(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_here(parts.hostname or ""):
        return url
    raise wrong("would send refresh tokens where everybody can read them", "use https")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


TokenUrl = Annotated[Url, AfterValidator(_private)]
"""https, or http to this machine."""
Encoding = Literal["json", "form"]
"""How a refresh is written: a JSON object, or the form of RFC 6749 §6."""


class AuthKnobs(Section):
    """`auth`: how credentials are obtained. Times in seconds."""

    command_timeout_seconds: Seconds = 5.0
    """For a command and for reading a file."""
    refresh_timeout_seconds: Seconds = 15.0
    refresh_headroom_seconds: SecondsOrZero = 60.0
    """How long before its end a token is refreshed."""
    refresh_jitter_seconds: SecondsOrZero = 30.0
    """Up to so much earlier than that, by chance, so that several programs do not do it at once."""


class Credentials(Section):
    """What all forms share."""

    header: HeaderName | None = None
    """Header that carries the token; null means `authorization: Bearer`."""


class CommandAuth(Credentials):
    """The output of a shell command, kept `max_age_seconds`."""

    type: Literal["command"] = "command"
    command: Text = Field(repr=False)
    max_age_seconds: SecondsOrZero = 300.0


class FileAuth(Credentials):
    """The content of a file, read again when the file changes or after `max_age_seconds`."""

    type: Literal["file"] = "file"
    file: FilePath
    max_age_seconds: SecondsOrZero = 300.0


class LiteralAuth(Credentials):
    """The value itself. Only for the passwords of our own services, never for a provider."""

    type: Literal["literal"] = "literal"
    value: Text = Field(repr=False)


class OAuthFile(Credentials):
    """What the OAuth forms share: a client's credential file, the dotted paths of its members, and the endpoint."""

    endpoint: TokenUrl
    encoding: Encoding = "json"
    client_id: Text
    scope: Text | None = None
    """Sent with each refresh; null means that what was granted at first is asked for again."""


class AnthropicOAuth(OAuthFile):
    """Claude's OAuth credentials. Endpoint, encoding, id and scope are those that Claude Code 2.1 sends.

    Without `file_path` it is the first that exists of `~/.config/ccproxy/oauth/anthropic.json` and Claude Code's own;
    a path that is null is found by looking.
    """

    type: Literal["anthropic_oauth"] = "anthropic_oauth"
    file_path: FilePath | None = None
    endpoint: TokenUrl = "https://platform.claude.com/v1/oauth/token"
    client_id: Text = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
    scope: Text | None = (
        "user:profile user:inference user:sessions:claude_code user:mcp_servers user:file_upload user:plugins"
    )
    access_path: Text | None = None
    refresh_path: Text | None = None
    expiry_path: Text | None = None
    default_expires_in_seconds: Seconds = 36000.0


class GoogleOAuth(OAuthFile):
    """Google's OAuth credentials as gemini-cli keeps them."""

    type: Literal["google_oauth"] = "google_oauth"
    file_path: FilePath = Field(default=Path("~/.gemini/oauth_creds.json"), validate_default=True)
    endpoint: TokenUrl = "https://oauth2.googleapis.com/token"
    encoding: Encoding = "form"
    client_secret: Text = Field(repr=False)
    """Google asks for it even from installed applications, where it is not a secret."""
    access_path: Text = "access_token"
    refresh_path: Text = "refresh_token"
    expiry_path: Text = "expiry_date"
    default_expires_in_seconds: Seconds = 3600.0


class CodexOAuth(OAuthFile):
    """ChatGPT credentials as Codex keeps them, by default in `$CODEX_HOME` or `~/.codex`."""

    type: Literal["codex_oauth"] = "codex_oauth"
    file_path: FilePath | None = None
    endpoint: TokenUrl = "https://auth.openai.com/oauth/token"
    client_id: Text = "app_EMoamEEZ73f0CkXaXp7hrann"
    access_path: Text = "tokens.access_token"
    refresh_path: Text = "tokens.refresh_token"
    identity_jwt_path: Text = "tokens.id_token"
    account_id_path: Text = "tokens.account_id"
    last_refresh_path: Text = "last_refresh"


KINDS: Mapping[str, type[Credentials]] = {
    "command": CommandAuth,
    "file": FileAuth,
    "anthropic_oauth": AnthropicOAuth,
    "google_oauth": GoogleOAuth,
    "codex_oauth": CodexOAuth,
}


def _provider_auth(written: object, info: ValidationInfo) -> Credentials:
    """A string is a command; a map names its `type`, or has a `command` or a `file` to tell it by."""
    if isinstance(written, Credentials):
        return written
    if isinstance(written, str):
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
    return Complaint(("type",), "is not a known source of credentials", f"known are {known}")


def _secret(written: object, info: ValidationInfo) -> Credentials:
    """As for a provider, except that a string is the secret itself."""
    literal = {"value": written} if isinstance(written, str) else None
    return LiteralAuth.model_validate(literal) if literal else _provider_auth(written, info)


type AnyAuth = CommandAuth | FileAuth | LiteralAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth
"""Every form of `auth`, and the passwords of our own services."""
Auth = Annotated[CommandAuth | FileAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth, PlainValidator(_provider_auth)]
"""`auth` of a provider."""
Secret = Annotated[Any, PlainValidator(_secret)]
"""A password of one of our own services: a LiteralAuth or any form of `auth`."""
