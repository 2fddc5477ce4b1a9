"""What tests ask and what they hear, without a word of any format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from pydantic import BaseModel

from tests.support.dialects import DIALECTS, SENTINEL

TIMEOUT = 20.0
NAMES = tuple(dialect.name for dialect in DIALECTS)
WIRED = "-wired"
"""What the names of the providers end in that have a scripted upstream."""
CODE_ASSIST = "code-assist"
"""The provider that has Gemini's format in Code Assist's envelope."""
PERPLEXITY = "pplx"
"""The provider that is Perplexity's web application."""
PROVIDERS = (*NAMES, CODE_ASSIST)
KEYS = {name: SENTINEL + name for known in PROVIDERS for name in (known, known + WIRED)}
KEYS[PERPLEXITY] = SENTINEL + PERPLEXITY


class Tool(NamedTuple):
    """A tool that the client declares."""

    name: str
    description: str
    schema: dict[str, Any]


TOOLS = (
    Tool(
        "look_up",
        "Looks up the weather.",
        {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Its name."}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    ),
    Tool(
        "add-up",
        "Adds “numbers” up.",
        {
            "type": "object",
            "properties": {
                "numbers": {"type": "array", "items": {"type": "number"}},
                "type": {"type": "string", "enum": ["sum", "mean"]},
                "deep": {"type": "object", "properties": {"title": {"type": "string"}}, "additionalProperties": False},
            },
            "required": ["numbers", "type"],
        },
    ),
    Tool("now", "Tells the time.", {"type": "object", "properties": {}}),
)


class Place(BaseModel):
    """Structured output."""

    city: str
    days: int


class Call(NamedTuple):
    """A tool call."""

    id: str
    name: str
    arguments: dict[str, Any]


class Used(NamedTuple):
    """Tokens: all input, what of it came from a cache, all output, what of it was thinking (None: the format does not
    tell)."""

    input: int
    cached: int
    output: int
    reasoning: int | None = None


class Failed(Exception):
    """What an SDK gave for an answer and said of it that it failed."""


@dataclass
class Question:
    """A user's turn. `before` are earlier turns, the user's and the model's by turns."""

    text: str
    model: str = "m-1"
    system: str = ""
    before: tuple[str, ...] = ()
    tools: bool = False
    choice: str = ""
    """`none`, `required`, or the name of a tool."""
    think: bool = False
    limit: int = 4000
    stops: tuple[str, ...] = ()
    media: tuple[str, bytes] | None = None
    """Media type and content."""
    output: type[BaseModel] | None = None


@dataclass
class Said:
    """An answer. `native` is what the SDK made of it."""

    native: Any
    text: str = ""
    thoughts: str = ""
    calls: list[Call] = field(default_factory=list)
    refusal: str = ""
    stop: str | None = None
    used: Used | None = None
    parsed: BaseModel | None = None
    pieces: int = 0
    """How many pieces of text came, where it was streamed."""


class Speaker(Protocol):
    """A client of one SDK."""

    errors: Mapping[int, type[Exception]]
    """What the SDK raises for a status."""
    broken: type[Exception]
    """What it raises when a stream ends in an error."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def request(self, question: Question) -> dict[str, Any]:
        """The arguments for the SDK."""

    def go_on(
        self, request: dict[str, Any], said: Said, results: list[tuple[Call, str]] | tuple[()] = (), text: str = ""
    ) -> dict[str, Any]:
        """The arguments for the next turn: the answer as the SDK gave it, results of its calls, the user's text."""

    def ask(self, provider: str, request: dict[str, Any]) -> Said:
        """Asks for the answer in one piece."""

    def stream(self, provider: str, request: dict[str, Any], heard: list[str]) -> Said:
        """Asks for a stream and adds it up by the SDK's own means. Pieces of text go to `heard` as they come."""

    def leave(self, provider: str, request: dict[str, Any]) -> str:
        """Asks for a stream, takes the first piece of text and goes away."""

    def told(self, error: Any) -> tuple[str, str, Mapping[str, str]]:
        """Message, type and header fields of an SDK's exception for a status."""
