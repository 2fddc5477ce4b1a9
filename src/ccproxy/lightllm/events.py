"""Neutral events of a model's answer: what every format's stream is read into and written from.

An answer is `MessageStart`, then blocks, then `Finish` and `End`; or, at any point, `Error` and nothing more. A block
is opened by a `…Start`, filled by deltas that bear its index, and closed by `BlockStop`; several may be open at once
(parallel tool calls). `Redacted`, `ServerToolCall`, `ServerToolResult`, `Media` and `Unknown` are blocks in one event.
`UsageUpdate` may come anywhere, after `Finish` too, so writers write their last words at `End`. `Ping` passes the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.values import Citation, Opaque, StopReason, Usage, WireError

__all__ = [
    "ArgumentsDelta", "BlockStop", "Citation", "CitationDelta", "End", "Error", "Event", "Finish", "LogprobsDelta",
    "Media", "MessageStart", "Opaque", "Ping", "Redacted", "RefusalDelta", "RefusalStart", "ServerToolCall",
    "ServerToolResult", "Signature", "StopReason", "TextDelta", "TextStart", "ThinkingDelta", "ThinkingStart",
    "ToolCallStart", "Unknown", "Usage", "UsageUpdate", "WireError",
]  # fmt: skip


@dataclass(slots=True)
class MessageStart:
    """The answer begins."""

    id: str = ""
    model: str = ""
    created: int | None = None
    """Seconds since the epoch, where the format has it."""
    service_tier: str | None = None
    origin: WireFormat | None = field(default=None, compare=False)
    """Whose the id is: a writer of the same format keeps it, whatever it looks like."""


@dataclass(slots=True)
class TextStart:
    """A block of text opens. `own` is what only the provider's format has of it, for a writer of the same format:
    Responses' `id` and `phase` of the message."""

    index: int
    own: dict[str, Any] | None = field(default=None, compare=False)


@dataclass(slots=True)
class TextDelta:
    """More text; never empty."""

    index: int
    text: str


@dataclass(slots=True)
class CitationDelta:
    """A source of an open block of text."""

    index: int
    citation: Citation


@dataclass(slots=True)
class LogprobsDelta:
    """Log-probabilities of an open block of text, tokens as OpenAI writes them."""

    index: int
    tokens: list[dict[str, Any]]


@dataclass(slots=True)
class ThinkingStart:
    """A block of thinking opens. `id` is the provider's own for it, if it has one (Responses `rs_…`)."""

    index: int
    id: str = ""


@dataclass(slots=True)
class ThinkingDelta:
    """More thinking. `part` counts summaries or paragraphs that the provider keeps apart, from 0."""

    index: int
    text: str
    part: int = 0
    raw: bool = False
    """True for the thinking itself where the provider tells it from a summary (Responses `reasoning_text`)."""


@dataclass(slots=True)
class Signature:
    """The whole signature of an open block of thinking.

    A signature that a provider puts on another part (Gemini `thoughtSignature` on a function call) is read as a block
    of thinking without text right before that part.
    """

    index: int
    opaque: Opaque


@dataclass(slots=True)
class Redacted:
    """A whole block of thinking that may be kept but not read (Anthropic `redacted_thinking`)."""

    opaque: Opaque


@dataclass(slots=True)
class ToolCallStart:
    """A call of one of the client's tools opens. `id` and `name` are never empty: a reader makes up a missing id."""

    index: int
    id: str
    name: str
    custom: bool = False
    """True for a tool with free text as input (OpenAI `custom`): what follows is text, not JSON."""
    own: dict[str, Any] | None = field(default=None, compare=False)
    """As `TextStart` has it: Responses' `id` of the item, and the `namespace` of the tool."""


@dataclass(slots=True)
class ArgumentsDelta:
    """More of a call's arguments: a piece of JSON text."""

    index: int
    json: str


@dataclass(slots=True)
class RefusalStart:
    """The model's words of refusal open, where the provider tells them from text. `own` is as `TextStart` has it."""

    index: int
    own: dict[str, Any] | None = field(default=None, compare=False)


@dataclass(slots=True)
class RefusalDelta:
    """More of a refusal."""

    index: int
    text: str


@dataclass(slots=True)
class BlockStop:
    """A block is whole."""

    index: int


@dataclass(slots=True)
class ServerToolCall:
    """A call of a tool that the provider runs itself. `name` is neutral: `web_search`, `code_execution`, `web_fetch`
    (input `query`; `code` and `language`; `url`), else the provider's own."""

    id: str
    name: str
    input: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] | None = None
    """The block as the provider wrote it, for a writer of the same format."""
    origin: WireFormat | None = None


@dataclass(slots=True)
class ServerToolResult:
    """What a provider's own tool brought."""

    call_id: str
    name: str
    output: str = ""
    """As text: what a program printed."""
    sources: list[Citation] = field(default_factory=list)
    """What a search found."""
    failed: bool = False
    raw: dict[str, Any] | None = None
    origin: WireFormat | None = None


@dataclass(slots=True)
class Media:
    """An image or another file that the model made: base64 `data`, or a `url`."""

    media_type: str
    data: str = ""
    url: str = ""
    id: str = ""


@dataclass(slots=True)
class Unknown:
    """A block that this house does not know, as it came."""

    raw: dict[str, Any]
    origin: WireFormat


@dataclass(slots=True)
class UsageUpdate:
    """What the provider has counted so far."""

    usage: Usage


@dataclass(slots=True)
class Finish:
    """The model stopped. `native` is the provider's own word for the reason."""

    reason: StopReason
    stop_sequence: str | None = None
    native: str = ""
    metadata: dict[str, str] | None = field(default=None, compare=False)
    """What clients are told beside the answer, as `metadata` of its last document."""
    thread: dict[str, Any] | None = field(default=None, compare=False)
    """Where the provider keeps the conversation: ids for the next turn, which no client is told."""
    model: str = field(default="", compare=False)
    """The model that answered, where that need not be the one that was asked for."""


@dataclass(slots=True)
class End:
    """The answer is whole."""


@dataclass(slots=True)
class Error:
    """The answer ends here, and not well."""

    error: WireError


@dataclass(slots=True)
class Ping:
    """The provider is still there."""


type Event = (
    MessageStart | TextStart | TextDelta | CitationDelta | LogprobsDelta | ThinkingStart | ThinkingDelta | Signature
    | Redacted | ToolCallStart | ArgumentsDelta | RefusalStart | RefusalDelta | BlockStop | ServerToolCall
    | ServerToolResult | Media | Unknown | UsageUpdate | Finish | End | Error | Ping
)  # fmt: skip
