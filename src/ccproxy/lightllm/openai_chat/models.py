"""What OpenAI's models take in Chat Completions, by their names. Of other servers' models nothing is known.

Sources: developers.openai.com/api/docs/guides/reasoning, …/guides/latest-model, and what the API answers where it
refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?[a-z]?(-chat)?")
O_SERIES = re.compile(r"o\d(-|$)")
NO_STOP = re.compile(r"o3(?!-mini)|o4")
EARLIER = re.compile(r"chatgpt-|davinci|babbage")
COMMON = ("low", "medium", "high")
LATEST = 6
"""The minor version of GPT-5 that later models are taken to be like."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a model takes."""

    openai: bool = True
    """False if the name is not one of OpenAI's."""
    efforts: tuple[str, ...] = COMMON
    """Values of `reasoning_effort`; empty if the model refuses the field."""
    off: str | None = None
    """The effort that stands for no thinking, or for as little as there can be."""
    samples: bool = True
    """False if it refuses `temperature`, `top_p`, penalties and log-probabilities."""
    samples_thinking: bool = True
    """False if it refuses them while it thinks."""
    thinks_with_tools: bool = True
    """False if Chat Completions refuses function tools unless the effort is none."""
    stops: bool = True
    """False if it refuses `stop`."""
    parallel: bool = True
    """False if it refuses `parallel_tool_calls`."""
    wants_thinking: bool = False
    """True if it refuses calls of tools in the history without `reasoning_content`, which may be empty."""
    free_text: bool = False
    """True if it knows custom tools, whose input is text."""


OTHER = Model(openai=False)
DEEPSEEK = Model(openai=False, wants_thinking=True)
WITHOUT_THINKING = Model(efforts=())


@lru_cache(maxsize=256)
def model_of(name: str) -> Model:
    """What is known of a model. A vendor's prefix means a router, which evens such differences out."""
    vendor, slash, bare = name.removeprefix("ft:").rpartition("/")
    if slash and vendor != "openai":
        return _other(bare)
    if match := GPT.match(bare):
        major, minor = int(match[1]), int(match[2] or 0)
        if major < 5 or match[3]:
            return WITHOUT_THINKING
        return _gpt_5(minor if major == 5 else LATEST, direct=not slash)
    if O_SERIES.match(bare):
        return Model(samples=False, stops=NO_STOP.match(bare) is None, parallel=False)
    return WITHOUT_THINKING if EARLIER.match(bare) else _other(bare)


def _other(name: str) -> Model:
    return DEEPSEEK if "deepseek" in name.lower() else OTHER


def _gpt_5(minor: int, direct: bool) -> Model:
    if minor == 0:
        return Model(efforts=("minimal", *COMMON), off="minimal", samples=False, stops=False, free_text=True)
    more = ("xhigh", "max") if minor >= LATEST else ("xhigh",) if minor >= 2 else ()
    return Model(
        efforts=COMMON + more,
        off="none",
        samples_thinking=False,
        thinks_with_tools=not direct or minor < 4,
        stops=minor >= 5,
        free_text=True,
    )
