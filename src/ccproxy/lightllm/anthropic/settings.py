"""Lengths, sampling and the other plain fields of a request, read and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic_ai.settings import ModelSettings

from ccproxy.lightllm.anthropic.fields import as_integer, as_list, as_number, as_text
from ccproxy.lightllm.anthropic.load_content import others
from ccproxy.lightllm.anthropic.models import Traits
from ccproxy.lightllm.call import ModelCall

NUMBERS: dict[str, Callable[[Any, str], float]] = {
    "max_tokens": as_integer,
    "temperature": as_number,
    "top_p": as_number,
    "top_k": as_integer,
}

TIERS = {"auto": "auto", "standard_only": "default"}
NATIVE_TIERS = {"auto": "auto", "default": "standard_only"}
LONGEST_USER = 256
"""Characters of `metadata.user_id` (platform.claude.com, "Create a Message")."""

FOREIGN: dict[str, str] = {"seed": "sampling", "presence_penalty": "sampling", "frequency_penalty": "sampling",
                           "logit_bias": "sampling"}  # fmt: skip
"""Settings that the format does not have, and the rule that counts them."""


def load_settings(document: dict[str, Any]) -> ModelSettings:
    """The settings that formats share. Raises InvalidCall for what is no number."""
    settings: dict[str, Any] = {}
    for name, number in NUMBERS.items():
        value = document.get(name)
        if value is not None:
            settings[name] = value if type(value) is int else number(value, name)
    stops = document.get("stop_sequences")
    if stops:
        values = [stops] if isinstance(stops, str) else as_list(stops, "stop_sequences")
        settings["stop_sequences"] = [as_text(stop, f"stop_sequences[{index}]") for index, stop in enumerate(values)]
    return cast(ModelSettings, settings)


def load_fields(document: dict[str, Any], call: ModelCall) -> None:
    """Reads `metadata` and `service_tier`."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        user = metadata.get("user_id")
        call.user = None if user is None else str(user)
        rest = others(metadata, "user_id")
        if rest:
            call.extras["metadata"] = rest
    tier = document.get("service_tier")
    if tier is not None:
        call.service_tier = TIERS.get(tier, str(tier)) if isinstance(tier, str) else None


def write_back_settings(call: ModelCall, document: dict[str, Any]) -> None:
    """The settings of a client of this very format, as they are."""
    settings = cast(dict[str, Any], call.settings)
    for name in (*NUMBERS, "stop_sequences"):
        if settings.get(name) is not None:
            document[name] = settings[name]


def dump_max_tokens(call: ModelCall, document: dict[str, Any], model: Traits) -> None:
    """`max_tokens`, which must be there: the client's, as far as the model goes, else the model's default."""
    wanted = call.settings.get("max_tokens")
    document["max_tokens"] = model.default_tokens if wanted is None else min(wanted, model.most_tokens or wanted)


def dump_sampling(call: ModelCall, document: dict[str, Any], model: Traits) -> None:
    """What the model takes of the sampling settings. `document` has `thinking` already."""
    settings = cast(dict[str, Any], call.settings)
    wanted = {name: settings[name] for name in ("temperature", "top_p", "top_k") if settings.get(name) is not None}
    thinking = model.claude and document.get("thinking", {}).get("type") in ("enabled", "adaptive")
    for name, value in wanted.items():
        limited = _limited(name, value)
        if limited != value:
            call.drops.add("sampling")
        if limited == DEFAULTS.get(name) and (thinking or not model.sampling):
            continue
        second = name == "top_p" and model.one_sampler and "temperature" in wanted
        if second or not model.sampling or (thinking and not _beside_thinking(name, limited)):
            call.drops.add("sampling")
        else:
            document[name] = limited


def _limited(name: str, value: float) -> float:
    return max(0, min(1, value)) if name in DEFAULTS else value


def _beside_thinking(name: str, value: float) -> bool:
    return name == "top_p" and value >= 0.95


DEFAULTS: dict[str, float] = {"temperature": 1, "top_p": 1}


def dump_stops(call: ModelCall, document: dict[str, Any], model: Traits) -> None:
    """`stop_sequences`; Claude refuses those of white space only."""
    wanted: list[Any] = call.settings.get("stop_sequences") or []
    stops = [stop for stop in wanted if isinstance(stop, str) and stop]
    kept = [stop for stop in stops if stop.strip()] if model.claude else stops
    if len(kept) < len(stops):
        call.drops.add("stop_sequences", count=len(stops) - len(kept))
    if kept:
        document["stop_sequences"] = kept


def dump_fields(call: ModelCall, document: dict[str, Any], own: bool) -> None:
    """`metadata` and `service_tier`."""
    if call.user and (own or len(call.user) <= LONGEST_USER):
        document["metadata"] = {"user_id": call.user}
    elif call.user:
        call.drops.add("user")
    tier = call.service_tier
    if tier is not None:
        native = NATIVE_TIERS.get(tier, tier if own else None)
        if native is None:
            call.drops.add("service_tier")
        else:
            document["service_tier"] = native


def count_foreign(call: ModelCall) -> None:
    """Counts what only other formats have."""
    drops = call.drops
    settings = cast(dict[str, Any], call.settings)
    for name, rule in FOREIGN.items():
        value = settings.get(name)
        if value is not None and (value or name == "seed"):
            drops.add(rule)
    if call.logprobs or call.top_logprobs:
        drops.add("logprobs")
    if call.choices is not None and call.choices > 1:
        drops.add("choices")
    if call.metadata:
        drops.add("metadata")
    for name in ("verbosity", "prompt_cache_key"):
        if getattr(call, name) is not None:
            drops.add("field", name)
    for name in call.extras:
        drops.add("field", name)
