"""The forms of `auth`: a command, a file, the logins of vendors' own programs, Google's credential files."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ccproxy.config.section import Section
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
    """Google's OAuth credentials as gemini-cli keeps them. The id is its own (`code_assist/oauth2.ts`)."""

    type: Literal["google_oauth"] = "google_oauth"
    file_path: FilePath = Field(default=Path("~/.gemini/oauth_creds.json"), validate_default=True)
    endpoint: TokenUrl = "https://oauth2.googleapis.com/token"
    encoding: Encoding = "form"
    client_id: Text = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com"
    client_secret: Text | None = Field(default=None, repr=False)
    """Google asks for it even from installed applications, where it is not a secret. null: that of the gemini-cli which
    is installed, looked for when a refresh needs it."""
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


CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
"""The scope of all of Google Cloud's APIs (https://developers.google.com/identity/protocols/oauth2/scopes)."""


class GoogleAuth(Credentials):
    """A credential file of Google's own libraries: a service account's key, a login of gcloud, a workload identity.

    Without `file` it is that of `$GOOGLE_APPLICATION_CREDENTIALS`, else the one that gcloud keeps for applications.
    """

    type: Literal["google_auth"] = "google_auth"
    file: FilePath | None = None
    scopes: Annotated[list[Text], Field(min_length=1)] = Field(default_factory=lambda: [CLOUD_PLATFORM])
