"""Tokens (https://ai.google.dev/api/generate-content#UsageMetadata).

`promptTokenCount` holds what came from a cache, but not what Google's own tools fed the model; `candidatesTokenCount`
holds no thoughts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.lightllm.events import Usage
from ccproxy.lightllm.gemini.names import members

READ_TIERS: Mapping[str, str] = {"standard": "default", "unspecified": ""}
WRITTEN_TIERS: Mapping[str, str] = {"default": "standard", "flex": "flex", "priority": "priority"}


def read_usage(metadata: dict[str, Any]) -> Usage:
    """A usageMetadata with its names in `camelCase`."""
    prompt, cached = _count(metadata, "promptTokenCount"), _count(metadata, "cachedContentTokenCount")
    tools, thoughts = _count(metadata, "toolUsePromptTokenCount"), _count(metadata, "thoughtsTokenCount")
    usage = Usage(output=(_count(metadata, "candidatesTokenCount") or 0) + (thoughts or 0))
    if prompt is not None or tools is not None:
        usage.input = max((prompt or 0) + (tools or 0) - (cached or 0), 0)
    usage.cache_read = cached
    usage.reasoning = thoughts
    usage.audio_input = _audio(metadata, "promptTokensDetails")
    usage.audio_output = _audio(metadata, "candidatesTokensDetails")
    return usage


def read_tier(metadata: dict[str, Any]) -> str | None:
    """The service tier of a usageMetadata as OpenAI names it."""
    tier = metadata.get("serviceTier")
    return (READ_TIERS.get(tier, tier) or None) if isinstance(tier, str) else None


def write_usage(usage: Usage, tier: str | None = None) -> dict[str, Any]:
    """A usageMetadata. `tier` is as OpenAI names it."""
    prompt, output = usage.total_input, usage.output or 0
    thoughts = min(usage.reasoning or 0, output)
    metadata: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output - thoughts,
        "totalTokenCount": prompt + output,
    }
    if thoughts:
        metadata["thoughtsTokenCount"] = thoughts
    if usage.cache_read:
        metadata["cachedContentTokenCount"] = usage.cache_read
    if usage.audio_input:
        metadata["promptTokensDetails"] = _details(prompt, usage.audio_input)
    if usage.audio_output:
        metadata["candidatesTokensDetails"] = _details(output - thoughts, usage.audio_output)
    if tier is not None and tier in WRITTEN_TIERS:
        metadata["serviceTier"] = WRITTEN_TIERS[tier]
    return metadata


def _count(metadata: dict[str, Any], name: str) -> int | None:
    value = metadata.get(name)
    if isinstance(value, str) and value.isdecimal():  # 64-bit integers are strings in proto3 JSON
        return int(value)
    return max(int(value), 0) if isinstance(value, int | float) else None


def _audio(metadata: dict[str, Any], name: str) -> int | None:
    counts = [_count(item, "tokenCount") or 0 for item in members(metadata, name) if item.get("modality") == "AUDIO"]
    return sum(counts) if counts else None


def _details(total: int, audio: int) -> list[dict[str, Any]]:
    rest = max(total - audio, 0)
    return [{"modality": "TEXT", "tokenCount": rest}, {"modality": "AUDIO", "tokenCount": audio}]
