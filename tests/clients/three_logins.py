"""The logins of Claude Code, Codex and Gemini CLI, and ccproxy's provider for each."""

from __future__ import annotations

import json
from textwrap import dedent

from tests.clients.logins import Login, Members
from tests.support.token_server import jwt

SCOPE = "https://www.googleapis.com/auth/cloud-platform openid"


def claude_aged(document: Members, grant: Members) -> None:
    """Claude Code writes milliseconds."""
    document["claudeAiOauth"] |= {
        "accessToken": grant["access_token"],
        "refreshToken": grant["refresh_token"],
        "expiresAt": int(grant["expires_at"] * 1000),
    }


def codex_aged(document: Members, grant: Members) -> None:
    """Codex reads the expiry in the token."""
    document["tokens"] |= {name: grant[name] for name in ("id_token", "access_token", "refresh_token", "account_id")}


def gemini_aged(document: Members, grant: Members) -> None:
    """Gemini CLI writes milliseconds."""
    document |= {name: grant[name] for name in ("access_token", "refresh_token")}
    document["expiry_date"] = int(grant["expires_at"] * 1000)


CODEX_SETTINGS = """
    model = "gpt-5.1-codex"
    check_for_update_on_startup = false
    cli_auth_credentials_store = "file"
    analytics.enabled = false
    otel.exporter = "none"
    features = { plugins = false, remote_plugin = false }
"""
GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "oauth-personal"}},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
}
TURN = [{"role": "user", "content": "say hi"}]
CLAUDE = Login(
    "claude",
    "anthropic",
    ".claude/.credentials.json",
    {
        "claudeAiOauth": {
            "scopes": ["user:inference", "user:profile"],
            "subscriptionType": "max",
            "rateLimitTier": "default_claude_max_20x",
        },
        "mcpOAuth": {"made-up|1": {"serverName": "made-up", "accessToken": "", "expiresAt": 0}},
    },
    claude_aged,
    ("claudeAiOauth", "refreshToken"),
    ("claudeAiOauth", "accessToken"),
    {},
    {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
    ("claude", "-p", "say hi"),
    {"type": "anthropic", "host": "api.anthropic.com", "auth": {"type": "anthropic_oauth"}},
    "/v1/messages",
    {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": TURN},
    ("over", "refused", "soon"),
    (".claude.lock", ".claude/.oauth_refresh.lock", ".claude/.storage-write.lock"),
)
CODEX = Login(
    "codex",
    "openai",
    ".codex/auth.json",
    {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": {}, "last_refresh": "2026-01-01T00:00:00.000000Z"},
    codex_aged,
    ("tokens", "refresh_token"),
    ("tokens", "access_token"),
    {".codex/config.toml": dedent(CODEX_SETTINGS)},
    {},
    ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "say hi"),
    {
        "type": "openai_responses",
        "host": "chatgpt.com",
        "path": "/backend-api/codex/responses",
        "auth": {"type": "codex_oauth"},
    },
    "/v1/responses",
    {"model": "gpt-5.1-codex", "input": "say hi"},
    ("over", "refused", "soon"),
)
GEMINI = Login(
    "gemini",
    "google",
    ".gemini/oauth_creds.json",
    {"scope": SCOPE, "token_type": "Bearer", "id_token": jwt({"email": "somebody@example.com"})},
    gemini_aged,
    ("refresh_token",),
    ("access_token",),
    {".gemini/settings.json": json.dumps(GEMINI_SETTINGS)},
    {"GEMINI_CLI_TRUST_WORKSPACE": "true", "NO_BROWSER": "true"},
    ("gemini", "-y", "-m", "gemini-2.5-flash", "-p", "say hi"),
    {
        "type": "gemini",
        "host": "generativelanguage.googleapis.com",
        "auth": {"type": "google_oauth", "client_id": "made-up.apps.example.com", "client_secret": "made-up"},
    },
    "/v1beta/models/gemini-2.5-flash:generateContent",
    {"contents": [{"role": "user", "parts": [{"text": "say hi"}]}]},
    ("over", "soon"),
)
LOGINS = [CLAUDE, CODEX, GEMINI]
