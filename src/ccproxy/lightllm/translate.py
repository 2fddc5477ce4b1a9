"""One format into another: requests, whole answers, streams and errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.call_ids import CALLS, CallIds, with_distinct_ids
from ccproxy.lightllm.depth import too_deep
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import (
    End,
    Error,
    Event,
    Finish,
    Ping,
    ServerToolCall,
    ServerToolResult,
    ToolCallStart,
    Usage,
    UsageUpdate,
    WireError,
)
from ccproxy.lightllm.failures import InvalidCall, Malformed
from ccproxy.lightllm.formats import StreamReader, buffered_module, errors_module, request_module, stream_module
from ccproxy.lightllm.sse import COMMENT, EventTooLong, Framer

if TYPE_CHECKING:
    from ccproxy.lightllm.call import ModelCall


class StreamTranslator:
    """Turns the bytes of one provider stream into the bytes of one client stream.

    After an error nothing more comes out. State is constant in the length of the stream, but for what the client's
    format repeats at its end (Responses) or wants in one piece (Gemini's function calls).
    """

    def __init__(self, provider: WireFormat, client: WireFormat, asked: Asked) -> None:
        self._framer = Framer()
        self._reader = stream_module(provider).StreamReader()
        self._writer = stream_module(client).StreamWriter(asked)
        self._origin = provider
        self._ids = CallIds()
        self.usage = Usage()
        self.finish: Finish | None = None
        self.error: WireError | None = None
        """Set once the stream has failed."""
        self.done = False
        """True once the client has got the last byte: whatever the provider still sends is of no interest."""

    def feed(self, chunk: bytes) -> bytes:
        """What the client gets for a chunk of the provider's; often empty."""
        if self.done:
            return b""
        out: list[bytes] = []
        try:
            for frame in self._framer.feed(chunk):
                self._pass(frame, out)
        except (Malformed, EventTooLong) as error:
            self._fail(str(error), out)
        return b"".join(out)

    def end(self, error: WireError | None = None) -> bytes:
        """The last bytes: the provider's body has ended, or broke off with `error`."""
        out: list[bytes] = []
        try:
            for frame in self._framer.end() if error is None else ():
                self._pass(frame, out)
            if error is None and not self.done:
                self._write(self._reader.end(), out)
        except (Malformed, EventTooLong) as malformed:
            self._fail(str(malformed), out)
        if not self.done:
            self._write([Error(error or WireError(502, "the provider ended its stream in mid-answer"))], out)
        return b"".join(out)

    def _pass(self, frame: tuple[bytes, bytes], out: list[bytes]) -> None:
        if self.done:
            return
        name, data = frame
        if frame is COMMENT:
            self._write((Ping(),), out)
            return
        self._write(read_frame(self._reader, name, data), out)

    def _write(self, events: Iterable[Event], out: list[bytes]) -> None:
        write = self._writer.write
        for event in events:
            if type(event) in WATCHED:
                self._watch(event)
            out.append(write(event))
            if self.done:
                return

    def _watch(self, event: Event) -> None:
        match event:
            case UsageUpdate():
                self.usage.update(event.usage)
            case ToolCallStart() | ServerToolCall() | ServerToolResult():
                self._ids.settle(event)
            case Finish():
                self.finish = event
            case Error():
                self.error = event.error
                self.done = True
            case End():
                self.done = True

    def _fail(self, message: str, out: list[bytes]) -> None:
        self._write([Error(WireError(502, message, origin=self._origin))], out)


WATCHED = frozenset({UsageUpdate, Finish, Error, End}) | CALLS
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What a reader may raise for a document that is not of its format, besides Malformed."""


def read_frame(reader: StreamReader, name: bytes, data: bytes) -> Iterable[Event]:
    """The events of one frame. Raises Malformed."""
    if too_deep(data):
        raise Malformed("the provider sent an event that is nested too deeply")
    try:
        return reader.read(name, data)
    except Malformed:
        raise
    except UNREADABLE as error:
        raise Malformed(f"the provider sent an event that cannot be read: {error!r}") from error


def translate_request(
    document: Any, client: WireFormat, provider: WireFormat, model: str | None = None, stream: bool | None = None
) -> tuple[dict[str, Any], Drops]:
    """A request body of one format as one of another, and what was left out. Raises InvalidCall."""
    try:
        call = request_module(client).load(document, model, stream)
        _check_numbers(call)
        return request_module(provider).dump(call), call.drops
    except RecursionError as error:
        raise InvalidCall("the request is nested too deeply to be translated") from error


LARGEST = 2**53
"""The largest number that a setting may have: what is beyond it is not the same in every JSON reader, or in none."""


def _check_numbers(call: ModelCall) -> None:
    """Raises InvalidCall for settings that are no numbers one can write, such as `1e308` tokens or `"nan"`."""
    budget = call.reasoning.budget if call.reasoning is not None else None
    counts = {"reasoning": budget, "top_logprobs": call.top_logprobs, "choices": call.choices}
    for name, value in (*call.settings.items(), *counts.items()):
        if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
            raise InvalidCall(f"{name}: not a number within reason", name)


def parsed(body: bytes) -> Any:
    """What a provider sent as JSON. Raises Malformed, for what is nested too deeply too."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the provider's answer is not valid JSON: {error}") from error
    if too_deep(body):
        raise Malformed("the provider's answer is nested too deeply")
    return document


def read_events(document: Any, provider: WireFormat) -> list[Event]:
    """The events that a whole answer amounts to. Raises Malformed."""
    try:
        return with_distinct_ids(buffered_module(provider).read_body(document))
    except Malformed:
        raise
    except UNREADABLE as error:
        raise Malformed(f"the provider's answer cannot be read: {error!r}") from error


def read_answer(document: Any, provider: WireFormat) -> Answer:
    """A whole answer of a provider. Raises Malformed."""
    answer = collect(read_events(document, provider))
    if answer.error is None and not answer.complete:
        raise Malformed("the provider's answer is not whole")
    return answer


def read_stream(body: bytes, provider: WireFormat) -> Answer:
    """The answer that a whole stream amounts to, for a client that wants it in one piece. Raises Malformed."""
    framer, reader = Framer(), stream_module(provider).StreamReader()
    events: list[Event] = []
    try:
        frames = [*framer.feed(body), *framer.end()]
    except EventTooLong as error:
        raise Malformed(str(error)) from error
    for name, data in frames:
        if name != COMMENT[0]:
            events += read_frame(reader, name, data)
    events += reader.end()
    return collect(with_distinct_ids(events))


def write_answer(answer: Answer, client: WireFormat, asked: Asked) -> bytes:
    """A whole answer as a client's body. `answer.error` must be None."""
    return orjson.dumps(buffered_module(client).write_body(answer, asked))


def stream_answer(document: Any, provider: WireFormat, client: WireFormat, asked: Asked) -> bytes:
    """A whole answer as a stream, for a client that asked for one. Raises Malformed."""
    writer = stream_module(client).StreamWriter(asked)
    return b"".join([writer.write(event) for event in read_events(document, provider)])


def translate_error(document: Any, status: int, provider: WireFormat) -> WireError | None:
    """What an error body of a provider says; None if it holds no error of its format."""
    return errors_module(provider).read_error(document, status)


def write_error(error: WireError, client: WireFormat) -> bytes:
    """An error in the client's dialect, as a body."""
    return orjson.dumps(errors_module(client).write_error(error))
