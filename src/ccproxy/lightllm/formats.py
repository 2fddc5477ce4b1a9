"""The way into the formats: one table of packages, loaded as they are needed.

Requests are read into pydantic-ai's types, whose import takes 0.4 s; streams, bodies and errors do without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import Answer
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Event, WireError

if TYPE_CHECKING:
    from ccproxy.lightllm.call import ModelCall

PACKAGES: Mapping[WireFormat, str] = {
    WireFormat.ANTHROPIC: "ccproxy.lightllm.anthropic",
    WireFormat.OPENAI: "ccproxy.lightllm.openai_chat",
    WireFormat.OPENAI_RESPONSES: "ccproxy.lightllm.openai_responses",
    WireFormat.GEMINI: "ccproxy.lightllm.gemini",
    WireFormat.PERPLEXITY: "ccproxy.lightllm.perplexity",
}


class StreamReader(Protocol):
    """Reads one provider stream into neutral events."""

    def read(self, name: bytes, data: bytes) -> Iterable[Event]:
        """The events of one frame. Raises Malformed for data that is not an event of the format at all."""
        ...

    def end(self) -> Iterable[Event]:
        """The last events, when the body has ended well: an `Error` where the answer is not whole."""
        ...


class StreamWriter(Protocol):
    """Writes neutral events as one stream for a client."""

    def write(self, event: Event) -> bytes:
        """What the client gets for an event, framed; empty if nothing is due yet."""
        ...


class StreamModule(Protocol):
    """`stream.py` of a format."""

    def StreamReader(self, **reading: Any) -> StreamReader: ...  # noqa: N802

    def StreamWriter(self, asked: Asked) -> StreamWriter: ...  # noqa: N802


class BufferedModule(Protocol):
    """`buffered.py` of a format."""

    def read_body(self, document: Any) -> Iterable[Event]:
        """The events of a whole answer, complete with `End` or `Error`. Raises Malformed."""
        ...

    def write_body(self, answer: Answer, asked: Asked) -> dict[str, Any]:
        """A whole answer as JSON. `answer.error` is None."""
        ...


class RequestModule(Protocol):
    """`request.py` of a format."""

    def load(self, document: Any, model: str | None, stream: bool | None) -> ModelCall:
        """Reads a request body; model and stream from the path win (Gemini). Raises InvalidCall."""
        ...

    def dump(self, call: ModelCall) -> dict[str, Any]:
        """Writes a request body; what it cannot carry is counted in `call.drops`. Raises InvalidCall."""
        ...


class ErrorsModule(Protocol):
    """`errors.py` of a format."""

    def read_error(self, document: Any, status: int) -> WireError | None:
        """The error that a body holds; None if it does not look like one."""
        ...

    def write_error(self, error: WireError) -> dict[str, Any]:
        """The body of an error answer."""
        ...


@cache
def stream_module(format: WireFormat) -> StreamModule:
    """The stream reader and writer of a format."""
    return cast(StreamModule, import_module(f"{PACKAGES[format]}.stream"))


def reader_of(format: WireFormat, reading: Mapping[str, Any] | None = None) -> StreamReader:
    """A reader for one stream. `reading` is what is configured of it: only Perplexity's has anything to say there."""
    return stream_module(format).StreamReader(**(reading or {}))


@cache
def buffered_module(format: WireFormat) -> BufferedModule:
    """Reading and writing of whole answers of a format."""
    return cast(BufferedModule, import_module(f"{PACKAGES[format]}.buffered"))


@cache
def request_module(format: WireFormat) -> RequestModule:
    """Reading and writing of requests of a format."""
    return cast(RequestModule, import_module(f"{PACKAGES[format]}.request"))


@cache
def errors_module(format: WireFormat) -> ErrorsModule:
    """Reading and writing of errors of a format."""
    return cast(ErrorsModule, import_module(f"{PACKAGES[format]}.errors"))
