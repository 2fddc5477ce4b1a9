"""What models differ in, as far as a request depends on it.

The facts of each model come from pydantic-ai's profiles, which follow Google's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from pydantic_ai.profiles.google import GoogleModelProfile, google_model_profile

LEVELS = ("minimal", "low", "medium", "high")


@dataclass(slots=True, frozen=True)
class Traits:
    """What a model takes."""

    thinks: bool = True
    levels: tuple[str, ...] = ()
    """The thinking levels it takes, in rising order; empty if it takes a budget of tokens."""
    budgets: tuple[int, int] = (0, 32768)
    """The least and the greatest thinking budget."""
    signatures: bool = False
    """Whether function calls of the current turn are refused without a thought signature (Gemini 3 and later)."""
    result_media: tuple[str, ...] = ()
    """Media types that a function response may hold."""


UNKNOWN = Traits()
"""For names that do not tell: budgets are taken by every model that thinks."""


@lru_cache(maxsize=256)
def traits_of(model: str) -> Traits:
    """What a model of a name takes; with a path before the name or without one."""
    name = model.rsplit("/", 1)[-1].lower()
    if not name.startswith(("gemini", "gemma")):
        return UNKNOWN
    profile = cast(GoogleModelProfile, google_model_profile(name) or {})
    if not profile.get("supports_thinking", True):
        return Traits(thinks=False)
    if not profile.get("google_supports_thinking_level", True):
        return Traits(budgets=_budgets(name))
    levels = {level.lower() for level in profile.get("google_thinking_levels", LEVELS)}
    always = bool(profile.get("thinking_always_enabled"))
    return Traits(
        levels=tuple(level for level in LEVELS if level in levels and not (always and level == "minimal")),
        signatures=True,
        result_media=tuple(profile.get("google_supported_mime_types_in_tool_returns", ())),
    )


def _budgets(name: str) -> tuple[int, int]:
    """Source: ai.google.dev/gemini-api/docs/thinking, the table of budgets of the 2.5 models."""
    if "flash-lite" in name:
        return 0, 24576
    if "pro" in name:
        return 128, 32768
    return 0, 24576
