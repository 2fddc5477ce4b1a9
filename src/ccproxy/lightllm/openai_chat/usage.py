"""Token counts of Chat Completions, whose totals include what came from a cache or went into one."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Usage
from ccproxy.lightllm.openai_chat.tolerance import members

CACHED = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")
"""What DeepSeek, Mistral and Moonshot call the tokens that came from a cache."""


def read_usage(usage: dict[str, Any]) -> Usage:
    """Counts out of a `usage` object; fields that are missing or no numbers stay None."""
    prompt = members(usage.get("prompt_tokens_details"))
    completion = members(usage.get("completion_tokens_details"))
    read = _count(prompt.get("cached_tokens"))
    if read is None:
        read = next((count for name in CACHED if (count := _count(usage.get(name))) is not None), None)
    total = _count(usage.get("prompt_tokens"))
    write = _count(prompt.get("cache_write_tokens"))
    if write and total is not None:
        write = min(write, max(0, total - (read or 0)))  # OpenRouter counts a Gemini prompt as read and as written
    return Usage(
        input=None if total is None else max(0, total - (read or 0) - (write or 0)),
        output=_count(usage.get("completion_tokens")),
        cache_read=read,
        cache_write=write,
        reasoning=_count(completion.get("reasoning_tokens")),
        audio_input=_count(prompt.get("audio_tokens")),
        audio_output=_count(completion.get("audio_tokens")),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """A `usage` object; what nobody counted is 0, since clients add the numbers up unasked."""
    prompt: dict[str, int] = {"cached_tokens": usage.cache_read or 0}
    completion: dict[str, int] = {"reasoning_tokens": usage.reasoning or 0}
    if usage.cache_write is not None:
        prompt["cache_write_tokens"] = usage.cache_write
    if usage.audio_input is not None:
        prompt["audio_tokens"] = usage.audio_input
    if usage.audio_output is not None:
        completion["audio_tokens"] = usage.audio_output
    return {
        "prompt_tokens": usage.total_input,
        "completion_tokens": usage.output or 0,
        "total_tokens": usage.total,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": completion,
    }


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 0 else None
