"""The backend of ChatGPT that Codex talks to: a Responses API for logins in place of keys.

What it takes differs from the public API (`lightllm.openai_responses.chatgpt`), it answers with streams only, it counts
no tokens, and it names the type of its streams at times and at times not.
"""

from __future__ import annotations

from ccproxy.providers.provider import Provider


def is_codex(provider: Provider | None) -> bool:
    """True for a provider of type `openai_responses` whose path ends with `/backend-api/codex/responses`."""
    return provider is not None and provider.is_codex
