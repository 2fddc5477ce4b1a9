"""Token counts as Anthropic writes them: the kinds of input do not overlap, output includes thinking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.lightllm.events import Usage

SERVICE_TIERS: Mapping[str, str] = {"standard": "default", "priority": "priority"}
"""The tier that `usage.service_tier` names, in the neutral words (OpenAI's)."""

NATIVE_TIERS = {neutral: native for native, neutral in SERVICE_TIERS.items()}


def read_usage(usage: Any) -> Usage:
    """The counts of a `usage` object: tokens, cumulative. Whatever is no number counts as not said."""
    if not isinstance(usage, dict):
        return Usage()
    caches, details = _object(usage, "cache_creation"), _object(usage, "output_tokens_details")
    long = _count(caches, "ephemeral_1h_input_tokens")
    short = _count(caches, "ephemeral_5m_input_tokens")
    write = _count(usage, "cache_creation_input_tokens")
    if write is None and (long is not None or short is not None):
        write = (long or 0) + (short or 0)
    return Usage(
        input=_count(usage, "input_tokens"),
        output=_count(usage, "output_tokens"),
        cache_read=_count(usage, "cache_read_input_tokens"),
        cache_write=write,
        cache_write_1h=long,
        reasoning=_count(details, "thinking_tokens"),
    )


def read_tier(usage: Any) -> str | None:
    """The neutral service tier of a `usage` object."""
    return SERVICE_TIERS.get(str(usage.get("service_tier"))) if isinstance(usage, dict) else None


def write_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` object of a message: what the API always has is there, if need be as 0."""
    out: dict[str, Any] = {
        "input_tokens": usage.input or 0,
        "cache_creation_input_tokens": usage.cache_write or 0,
        "cache_read_input_tokens": usage.cache_read or 0,
        "output_tokens": usage.output or 0,
    }
    if usage.cache_write_1h is not None:
        long = usage.cache_write_1h
        short = max((usage.cache_write or 0) - long, 0)
        out["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    return out | _details(usage)


def write_delta_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` object of `message_delta`: cumulative; what the provider never said stays out, but for output."""
    known = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
    }
    out: dict[str, Any] = {name: count for name, count in known.items() if count is not None}
    return out | {"output_tokens": usage.output or 0} | _details(usage)


def _details(usage: Usage) -> dict[str, Any]:
    if usage.reasoning is None:
        return {}
    return {"output_tokens_details": {"thinking_tokens": usage.reasoning}}


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return int(value) if isinstance(value, (int, float)) else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}
