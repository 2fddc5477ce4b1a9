"""Counting the tokens of a request before it is sent: every format but Chat has a call for it.

Sources: docs.anthropic.com/en/api/messages-count-tokens, platform.openai.com/docs/api-reference/responses/input-tokens,
ai.google.dev/api/tokens.
"""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.gemini.envelope import counted_call, is_wrapped

GENERATION_ONLY: dict[WireFormat, frozenset[str]] = {
    WireFormat.ANTHROPIC: frozenset(
        {"max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"}
    ),
    WireFormat.OPENAI_RESPONSES: frozenset(
        {"stream", "temperature", "top_p", "max_output_tokens", "store", "include", "metadata", "service_tier", "user"}
    ),
}
"""Members of a request that the counting call refuses."""

MEDIA_TOKENS = 1500
"""What an image or a file is taken for in an estimate: the order of what providers charge for one picture."""

BYTES_A_TOKEN = 4


def count_document(format: WireFormat, document: dict[str, Any]) -> dict[str, Any]:
    """What a counting request asks about, as a request of its format. Code Assist's is in an envelope."""
    if format is not WireFormat.GEMINI:
        return document
    return dict(counted_call(document["request"] if is_wrapped(document) else document))


def counting_body(format: WireFormat, body: dict[str, Any], model: str) -> dict[str, Any]:
    """The body of a counting call made from a whole request."""
    if format is WireFormat.GEMINI:
        return {"generateContentRequest": {"model": f"models/{model}", **body}}
    return {name: value for name, value in body.items() if name not in GENERATION_ONLY.get(format, ())}


def read_count(format: WireFormat, document: Any) -> int | None:
    """The count that a provider answered with; None if there is none in it."""
    name = "totalTokens" if format is WireFormat.GEMINI else "input_tokens"
    count = document.get(name) if isinstance(document, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def write_count(format: WireFormat, count: int) -> dict[str, Any]:
    """The answer to a counting call."""
    if format is WireFormat.GEMINI:
        return {"totalTokens": count}
    if format is WireFormat.OPENAI_RESPONSES:
        return {"object": "response.input_tokens", "input_tokens": count}
    return {"input_tokens": count}


def estimate(document: Any) -> int:
    """Tokens of a request, roughly: a quarter of its text in bytes, and a flat rate for each image or file."""
    text, media, stack = 0, 0, [document]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if is_media(value):
                media += 1
            else:
                text += len(value.encode("utf-8", "replace"))
        elif isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return -(-text // BYTES_A_TOKEN) + media * MEDIA_TOKENS


def is_media(value: str) -> bool:
    """True for a data URI, and for text so long and without a space that it is base64."""
    return value.startswith("data:") or (len(value) > 1024 and " " not in value[:1024])
