"""What neutral events carry: counts of tokens, reasons, sources, opaque state, errors."""

from __future__ import annotations

from dataclasses import dataclass, fields
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
