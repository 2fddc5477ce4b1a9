"""Gemini by way of Code Assist (`cloudcode-pa.googleapis.com`), to which gemini-cli talks with a Google login.

It has each call of the Gemini API in an envelope of its own (`lightllm.gemini.envelope`), and its streams are events
only where `alt=sse` is asked for.
"""

from __future__ import annotations

from ccproxy.providers.provider import Provider


def is_code_assist(provider: Provider | None) -> bool:
    """True for a provider of type `gemini` whose path ends with `/v1internal:{action}`."""
    return provider is not None and provider.is_code_assist
