"""What a usage object tells beside the four numbers, where it changes the price: named as `Usage` has it."""

from __future__ import annotations

from typing import Any

type Raw = dict[str, Any]

NUMBERS: dict[str, tuple[tuple[str, ...], ...]] = {
    # https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#1-hour-cache-duration
    "cache_creation_1h_input_tokens": (("cache_creation", "ephemeral_1h_input_tokens"),),
    # https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool
    "web_search_requests": (("server_tool_use", "web_search_requests"),),
    # https://platform.openai.com/docs/api-reference/chat/object, .../responses/object
    "input_audio_tokens": (("prompt_tokens_details", "audio_tokens"), ("input_token_details", "audio_tokens")),
    "output_audio_tokens": (("completion_tokens_details", "audio_tokens"), ("output_token_details", "audio_tokens")),
}
"""Where each number may be; the first place that has one counts."""

BY_MODALITY = {
    "input_audio_tokens": ("promptTokensDetails", "cacheTokensDetails"),
    "output_audio_tokens": ("candidatesTokensDetails", ""),
}
"""Gemini's lists of counts by modality (https://ai.google.dev/api/generate-content#ModalityTokenCount): all, and those
of them that are not meant."""

TIERS = frozenset({"fast", "priority", "flex", "batch"})
"""Ways of being served that have prices of their own; all else is the usual one."""
TIER_FIELDS = ("speed", "service_tier", "serviceTier")
"""Where it is named: in Anthropic's `usage`, OpenAI's response (`with_tier` puts it here), Gemini's `usageMetadata`."""


def extras(raw: Raw) -> dict[str, Any]:
    """The extra members of `Usage` that a usage object has, none of them empty. Never raises."""
    numbers = {name: found for name, places in NUMBERS.items() if (found := _first(raw, places))}
    sound = {name: _audio(raw.get(every)) - _audio(raw.get(but)) for name, (every, but) in BY_MODALITY.items()}
    tier = next((tier for field in TIER_FIELDS if (tier := str(raw.get(field)).lower()) in TIERS), None)
    return numbers | {name: count for name, count in sound.items() if count > 0} | ({"tier": tier} if tier else {})


def with_tier(usage: Raw, holder: Raw) -> Raw:
    """A usage object with the tier that the response around it names."""
    tier = holder.get("service_tier")
    return {"service_tier": tier, **usage} if isinstance(tier, str) else usage


def _first(raw: Raw, places: tuple[tuple[str, ...], ...]) -> int:
    for outer, inner in places:
        holder = raw.get(outer)
        if isinstance(holder, dict) and (found := _count(holder.get(inner))):
            return found
    return 0


def _audio(details: Any) -> int:
    found = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    return sum(_count(each.get("tokenCount")) for each in found if each.get("modality") == "AUDIO")


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
