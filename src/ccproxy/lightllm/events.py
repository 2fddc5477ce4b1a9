"""Neutral events of a model's answer: what every format's stream is read into and written from.

An answer is `MessageStart`, then blocks, then `Finish` and `End`; or, at any point, `Error` and nothing more. A block
is opened by a `…Start`, filled by deltas that bear its index, and closed by `BlockStop`; several may be open at once
(parallel tool calls). `Redacted`, `ServerToolCall`, `ServerToolResult`, `Media` and `Unknown` are blocks in one event.
`UsageUpdate` may come anywhere, after `Finish` too, so writers write their last words at `End`. `Ping` passes the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal

from ccproxy.exchange import WireFormat


class StopReason(StrEnum):
    """Why a model stopped."""

    DONE = "done"
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    TOOL_CALL = "tool_call"
    FILTER = "filter"
    """The provider withheld the rest."""
    REFUSAL = "refusal"
    """The model declined."""
    PAUSE = "pause"
    """The turn goes on in the next request (Anthropic `pause_turn`)."""
    OTHER = "other"
    """A reason this house does not know; the answer is whole as far as anyone can tell."""


@dataclass(slots=True)
class Usage:
    """Tokens of an exchange; None where the provider said nothing. Kinds of input do not overlap."""

    input: int | None = None
    """Input read afresh: neither from a cache nor into one."""
    output: int | None = None
    """All output, thinking included."""
    cache_read: int | None = None
    cache_write: int | None = None
    """Input written to a cache, of any life-time."""
    cache_write_1h: int | None = None
    """That part of `cache_write` which is kept for an hour."""
    reasoning: int | None = None
    """That part of `output` which was thinking."""
    audio_input: int | None = None
    audio_output: int | None = None

    @property
    def total_input(self) -> int:
        """All input tokens, cached or not."""
        return (self.input or 0) + (self.cache_read or 0) + (self.cache_write or 0)

    @property
    def total(self) -> int:
        """Input and output."""
        return self.total_input + (self.output or 0)

    def update(self, later: Usage) -> None:
        """Takes over what a later, cumulative report says; a count that nobody can have counted is none."""
        for name in USAGE_FIELDS:
            value = getattr(later, name)
            if value is not None and 0 <= value <= MOST_TOKENS:
                setattr(self, name, value)


MOST_TOKENS = 2**50
"""What a count of tokens is believed up to: sums of them stay whole numbers in every client's JSON."""

USAGE_FIELDS = tuple(f.name for f in fields(Usage))


@dataclass(slots=True)
class Opaque:
    """Bytes of a vendor's model state that only that vendor can read: a thinking signature, encrypted reasoning."""

    origin: WireFormat
    data: str
    redacted: bool = False
    """True for a whole block of thinking that may not be read, as Anthropic tells it from a signature."""


@dataclass(slots=True)
class Citation:
    """Where a piece of text comes from. At least one of `url`, `title`, `document_id`, `cited_text` is set."""

    kind: Literal["web", "document", "file"] = "web"
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    """Offset in the answer's text block of the first character that is backed by the source, where known."""
    end: int | None = None
    document_id: str | None = None
    """A file id, or the index of a document of the request as text."""
    raw: dict[str, Any] | None = None
    """The citation as the provider wrote it, for a writer of the same format."""
    origin: WireFormat | None = None


@dataclass(slots=True)
class WireError:
    """An error of a provider, in a stream or as the answer."""

    status: int
    """The HTTP status it had, or would have had if it had come before the stream."""
    message: str
    type: str = ""
    """The provider's own token: `overloaded_error`, `rate_limit_exceeded`, `UNAVAILABLE`."""
    code: str | None = None
    param: str | None = None
    origin: WireFormat | None = None
    retry_after: float | None = None
    """Seconds to wait, where the body says so (Google's RetryInfo)."""


@dataclass(slots=True)
class MessageStart:
    """The answer begins."""

    id: str = ""
    model: str = ""
    created: int | None = None
    """Seconds since the epoch, where the format has it."""
    service_tier: str | None = None


@dataclass(slots=True)
class TextStart:
    """A block of text opens."""

    index: int


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


@dataclass(slots=True)
class ArgumentsDelta:
    """More of a call's arguments: a piece of JSON text."""

    index: int
    json: str


@dataclass(slots=True)
class RefusalStart:
    """The model's words of refusal open, where the provider tells them from text."""

    index: int


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
