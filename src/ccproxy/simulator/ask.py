"""A request in neutral terms: what the four wire formats have in common, as far as the simulator cares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

MAX_STOPS = 16
"""Stop sequences that are looked for."""


@dataclass(slots=True)
class Tool:
    """A tool that the request declares. `custom` and `local_shell` are OpenAI Responses kinds without a JSON schema."""

    name: str
    schema: dict[str, Any]
    kind: Literal["function", "custom", "local_shell"] = "function"
    namespace: str | None = None


@dataclass(slots=True)
class Tail:
    """The last turn: all that came after the model's last word."""

    texts: list[str] = field(default_factory=list)
    """The user's texts that follow the last tool result."""
    results: list[str] = field(default_factory=list)
    """What the tools returned."""
    pictures: list[str] = field(default_factory=list)
    """The names of all pictures."""

    def result(self, text: str) -> None:
        """Notes a tool result; texts before it belong to an earlier step."""
        self.texts.clear()
        self.results.append(text)


@dataclass(slots=True)
class Ask:
    """What is asked. The readers fill it in; `plan.draft` answers it."""

    model: str
    tail: Tail
    stream: bool = False
    tools: list[Tool] = field(default_factory=list)
    choice: Literal["auto", "none", "any"] = "auto"
    wanted: str | None = None
    """The tool that must be called, if the request names one."""
    parallel: bool = True
    thinking: bool = False
    summary: bool = True
    """Whether the reasoning may be shown (Responses: `reasoning.summary`)."""
    sealed: bool = True
    """Whether the opaque reasoning state is wanted (Responses: `include`)."""
    json: bool = False
    schema: dict[str, Any] | None = None
    limit: int | None = None
    """The most output tokens; a token is one piece of text."""
    stops: list[str] = field(default_factory=list)
    weight: int = 0
    """Words of the whole prompt."""
    cache_read: int = 0
    cache_write: int = 0
    cache_ttl: Literal["5m", "1h"] = "5m"
    include_usage: bool = True
    logprobs: bool = False
    seed: str = ""
    """24 hexadecimal digits that stand for this request: the source of all ids."""
    body: dict[str, Any] = field(default_factory=dict)
    framing: Literal["sse", "array"] = "sse"
    rich: bool = False
    """Whether the format has parts for code that was run, sources and pictures; else they are told in the text."""
    wrapped: bool = False
    """Whether the answer goes into a Code Assist envelope."""

    def id(self, prefix: str, number: int = 0) -> str:
        """An id that is the same whenever the request is the same."""
        return f"{prefix}{self.seed[:20]}{number:04x}"

    @property
    def created(self) -> int:
        """A time stamp that depends on the request only."""
        return 1_750_000_000 + int(self.seed[:6] or "0", 16)


def automatic_cache(weight_before: int) -> int:
    """What OpenAI and Google cache unasked: whole blocks of 128 tokens of an earlier conversation, from 1,024 on."""
    return weight_before // 128 * 128 if weight_before >= 1024 else 0


def stops_of(value: object) -> list[str]:
    """Stop sequences given as a string or as an array of strings; empty ones are left out."""
    items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str) and item][:MAX_STOPS]
