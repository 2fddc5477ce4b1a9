"""Where a credential comes from: the forms of `auth`, and the knobs of the `auth` block."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationError, ValidationInfo
from pydantic_core import PydanticKnownError

from ccproxy.config.section import Complaint, Section, complain
from ccproxy.config.values import FilePath, HeaderName, Seconds, SecondsOrZero, Text, Url


class AuthKnobs(Section):
    """`auth`: how credentials are obtained. Times in seconds."""

    command_timeout_seconds: Seconds = 5.0
    refresh_timeout_seconds: Seconds = 15.0
    refresh_headroom_seconds: SecondsOrZero = 60.0


class CommandAuth(Section):
    """The output of a shell command, kept `max_age_seconds`."""

    type: Literal["command"] = "command"
    command: Text = Field(repr=False)
    header: HeaderName | None = None
    """Header that carries it; null means `authorization: Bearer`."""
    max_age_seconds: SecondsOrZero = 300.0


class FileAuth(Section):
    """The content of a file, read again when the file changes or after `max_age_seconds`."""

    type: Literal["file"] = "file"
    file: FilePath
    header: HeaderName | None = None
    max_age_seconds: SecondsOrZero = 300.0


class LiteralAuth(Section):
    """The value itself. Only for the passwords of our own services, never for a provider."""

    type: Literal["literal"] = "literal"
    value: Text = Field(repr=False)
    header: HeaderName | None = None


class OAuthFile(Section):
    """What the OAuth sources share: a client's credential file and the dotted paths of its members."""

    header: HeaderName | None = None
    file_path: FilePath
    endpoint: Url
    client_id: Text
    access_path: Text = "access_token"
    refresh_path: Text = "refresh_token"


class AnthropicOAuth(OAuthFile):
    """Claude's OAuth credentials, refreshed when they expire."""

    type: Literal["anthropic_oauth"] = "anthropic_oauth"
    file_path: FilePath = Field("~/.config/ccproxy/oauth/anthropic.json", validate_default=True)
    endpoint: Url = "https://claude.ai/v1/oauth/token"
    client_id: Text = "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
    expiry_path: Text = "expires_at"
    default_expires_in_seconds: Seconds = 36000.0


class GoogleOAuth(OAuthFile):
    """Google's OAuth credentials as gemini-cli keeps them."""

    type: Literal["google_oauth"] = "google_oauth"
    file_path: FilePath = Field("~/.gemini/oauth_creds.json", validate_default=True)
    endpoint: Url = "https://oauth2.googleapis.com/token"
    client_secret: Text = Field(repr=False)
    """Google asks for it even from installed applications, where it is not a secret."""
    expiry_path: Text = "expiry_date"
    default_expires_in_seconds: Seconds = 3600.0


class CodexOAuth(OAuthFile):
    """ChatGPT credentials as Codex keeps them."""

    type: Literal["codex_oauth"] = "codex_oauth"
    file_path: FilePath = Field("~/.codex/auth.json", validate_default=True)
    endpoint: Url = "https://auth.openai.com/oauth/token"
    client_id: Text = "app_EMoamEEZ73f0CkXaXp7hrann"
    access_path: Text = "tokens.access_token"
    refresh_path: Text = "tokens.refresh_token"
    identity_jwt_path: Text = "tokens.id_token"
    account_id_path: Text = "tokens.account_id"
    last_refresh_path: Text = "last_refresh"


type AnyAuth = CommandAuth | FileAuth | LiteralAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth
type ProviderAuth = CommandAuth | FileAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth

KINDS: dict[str, type[CommandAuth | FileAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth]] = {
    "command": CommandAuth,
    "file": FileAuth,
    "anthropic_oauth": AnthropicOAuth,
    "google_oauth": GoogleOAuth,
    "codex_oauth": CodexOAuth,
}


def _provider_auth(written: object, info: ValidationInfo) -> Any:
    """A string is a command; a map names its `type`, or has a `command` or a `file` to tell it by."""
    if isinstance(written, str):
        written = {"type": "command", "command": written}
    if isinstance(written, (*KINDS.values(), LiteralAuth)):
        return written
    if not isinstance(written, dict):
        raise PydanticKnownError("dict_type")
    kind = written.get("type") or next((name for name in ("command", "file") if name in written), None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValidationError.from_exception_data("auth", [complain(_no_kind(kind))])
    return KINDS[kind].model_validate({**written, "type": kind}, context=info.context)


def _no_kind(kind: object) -> Complaint:
    known = ", ".join(KINDS)
    if kind is None:
        return Complaint(
            (), "does not say where the credential comes from", f"give a command, a file, or a type: {known}"
        )
    return Complaint(("type",), "is not a known source of credentials", f"choose one of {known}")


def _secret(written: object, info: ValidationInfo) -> Any:
    """As for a provider, except that a string is the secret itself."""
    if isinstance(written, str):
        return LiteralAuth.model_validate({"value": written}, context=info.context)
    return _provider_auth(written, info)


Auth = Annotated[
    CommandAuth | FileAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth,
    PlainValidator(_provider_auth),
]
"""`auth` of a provider."""
Secret = Annotated[
    CommandAuth | FileAuth | LiteralAuth | AnthropicOAuth | GoogleOAuth | CodexOAuth,
    PlainValidator(_secret),
]
"""A password of one of our own services."""
