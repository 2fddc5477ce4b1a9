"""What Claude models take and refuse, told from their names.

Sources: platform.claude.com, "Troubleshooting thinking" (modes, defaults and refusals by model), "Effort", "Structured
outputs", "Models overview"; pydantic_ai.profiles.anthropic, which measured them. Other vendors speak this format too:
what only Claude refuses is not kept from their models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

type Version = tuple[int, int]

NAME = re.compile(r"claude-(?:([a-z]+)-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")
"""Family and version: `claude-opus-4-5-20251101`, `claude-3-5-haiku-latest`, `anthropic/claude-sonnet-4.6`."""

NEWEST: Version = (5, 0)
"""The version of names without one (`claude-mythos-preview`): they came after versions stood in every name."""

UNFORCED: dict[str, Version] = {"opus": (5, 5), "sonnet": (5, 5), "fable": (5, 1), "mythos": (5, 1)}
"""From which version on a family refuses a forced choice of tools at all."""

ALWAYS_THINKING: dict[str, Version] = {"opus": (5, 5), "fable": (5, 0), "mythos": (5, 0)}
"""From which version on a family cannot leave thinking."""


@dataclass(slots=True, frozen=True)
class Traits:
    """What a model takes. The defaults hold for models that are no Claude."""

    claude: bool = False
    """False: the format's own rules, nothing more."""
    adaptive: bool = False
    """Thinking is `adaptive` with an effort, not `enabled` with a budget."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    sampling: bool = True
    """False: temperature, top_p and top_k are refused."""
    one_sampler: bool = False
    """True: temperature and top_p are refused together."""
    forced_choice: bool = True
    prefill: bool = True
    """False: the conversation may not end with the assistant's turn."""
    off: str | None = None
    """The type of `thinking` that turns it off; empty if nothing does, None if it is off by itself."""
    strict: bool = False
    """Whether tools may be `strict`."""
    default_tokens: int = 8192
    """`max_tokens` where the client gave none."""
    most_tokens: int | None = None
    """The most that `max_tokens` may be; None if unknown."""


@lru_cache(maxsize=256)
def traits(model: str) -> Traits:
    """What the model of a name takes. Without a known name, what the format itself says."""
    if "claude" not in model:
        return Traits()
    match = NAME.search(model)
    family = (match[1] if match else model.partition("claude-")[2].partition("-")[0]) or ""
    version = (int(match[2]), int(match[3] or 0)) if match else NEWEST
    adaptive = version >= (4, 6)
    return Traits(
        claude=True,
        adaptive=adaptive,
        efforts=_efforts(version),
        sampling=version < (4, 7),
        one_sampler=version >= (4, 1),
        forced_choice=version < UNFORCED.get(family, (99, 0)),
        prefill=not adaptive,
        off=_off(family, version),
        strict=version >= (4, 5) or (family, version) == ("opus", (4, 1)),
        default_tokens=min(_most_tokens(family, version), 32_000 if version >= (4, 5) else 8192),
        most_tokens=_most_tokens(family, version),
    )


def _efforts(version: Version) -> tuple[str, ...]:
    if version >= (4, 7):
        return ("low", "medium", "high", "xhigh", "max")
    return ("low", "medium", "high", "max") if version >= (4, 6) else ("low", "medium", "high")


def _off(family: str, version: Version) -> str | None:
    if version >= ALWAYS_THINKING.get(family, (99, 0)):
        return ""
    if family == "sonnet" and version >= (5, 5):
        return "between_tools"
    return "disabled" if version >= (5, 0) else None


def _most_tokens(family: str, version: Version) -> int:
    if version < (3, 7):
        return 8192 if version >= (3, 5) else 4096
    if version < (4, 5) and family == "opus":
        return 32_000
    return 128_000 if version >= (4, 6) else 64_000
