"""The model list of `GET /v1/models`: what the configured providers are known to serve.

The answer suits the SDKs of OpenAI and Anthropic alike: each reads the members it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ccproxy.providers.provider import Provider

KNOWN_MODELS: dict[str, tuple[str, ...]] = {
    "api.anthropic.com": (
        "claude-opus-4-7",
        "claude-sonnet-4-6",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5-20251001",
    ),
    "api.openai.com": ("gpt-5.1", "gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4o-mini"),
    "chatgpt.com": ("gpt-5.1-codex", "gpt-5.1-codex-mini", "gpt-5.1"),
    "generativelanguage.googleapis.com": ("gemini-3-pro-preview", "gemini-2.5-pro", "gemini-2.5-flash"),
    "cloudcode-pa.googleapis.com": (
        "gemini-3-pro-preview",
        "gemini-3-flash-preview",
        "gemini-2.5-pro",
        "gemini-2.5-flash",
    ),
    "api.deepseek.com": ("deepseek-chat", "deepseek-reasoner"),
    "simulator": ("simulator-1",),
}
"""Models by a provider's host. Static: nobody is asked before the user asks for it."""

CREATED = 1_767_225_600
"""2026-01-01, for models whose date we do not know: a fixed value, so that the list does not change by itself."""


def model_list(providers: Mapping[str, Provider]) -> dict[str, object]:
    """The list document (platform.openai.com/docs/api-reference/models, docs.anthropic.com/en/api/models-list)."""
    data = [model_entry(model, provider.name) for provider in providers.values() for model in models_of(provider)]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"object": "list", "data": data, "has_more": False, "first_id": first, "last_id": last}


def models_of(provider: Provider) -> Iterable[str]:
    """The models that a provider is known to serve; none for hosts that we do not know."""
    return KNOWN_MODELS.get(provider.origin.host, ())


def model_entry(model: str, owner: str) -> dict[str, object]:
    """One model."""
    return {
        "id": model,
        "object": "model",
        "type": "model",
        "created": CREATED,
        "created_at": "2026-01-01T00:00:00Z",
        "display_name": model,
        "owned_by": owner,
    }
