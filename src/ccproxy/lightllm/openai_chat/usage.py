"""Token counts of Chat Completions, whose totals include what came from a cache or went into one."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Usage
from ccproxy.lightllm.openai_chat.tolerance import members


def read_usage(usage: dict[str, Any]) -> Usage:
    """Counts out of a `usage` object; fields that are missing or no numbers stay None."""
    prompt = members(usage.get("prompt_tokens_details"))
    completion = members(usage.get("completion_tokens_details"))
    read = _first(
        prompt.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),  # DeepSeek
        usage.get("num_cached_tokens"),  # Mistral
        usage.get("cached_tokens"),  # Moonshot
    )
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


def _first(*values: Any) -> int | None:
    return next((count for count in map(_count, values) if count is not None), None)


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 0 else None
