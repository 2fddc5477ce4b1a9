"""Streams from one format into another: bytes into events, events into bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.call_ids import CALLS, CallIds
from ccproxy.lightllm.depth import too_deep
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
from ccproxy.lightllm.failures import UNREADABLE, Malformed
from ccproxy.lightllm.formats import StreamReader, reader_of, stream_module
from ccproxy.lightllm.sse import COMMENT, EventTooLong, Frame, Framer


class Framing(Protocol):
    """Cuts the bytes of a body into the documents of a stream. Its methods raise EventTooLong."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that are whole with this chunk."""
        ...

    def end(self) -> list[Frame]:
        """The frames that the end of the body completes."""
        ...


class StreamTranslator:
    """Turns the bytes of one provider stream into the bytes of one client stream.

    `feed` and `end` do so at once. Who has something to do with the events in between calls `read` and `last` for
    events and `write` for bytes. After an error nothing more comes out. State is constant in the length of the stream,
    but for what the client's format repeats at its end (Responses) or wants in one piece (Gemini's function calls).
    """

    def __init__(
        self,
        provider: WireFormat,
        client: WireFormat,
        asked: Asked,
        framer: Framing | None = None,
        reading: Mapping[str, Any] | None = None,
    ) -> None:
        self._framer = framer or Framer()
        self._reader = reader_of(provider, reading)
        self._writer = stream_module(client).StreamWriter(asked)
        self._origin = provider
        self._ids = CallIds()
        self._read_all = False
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
                if self._write(self._events(frame), out):
                    break
        except (Malformed, EventTooLong) as error:
            self._write([self._malformed(error)], out)
        return b"".join(out)

    def end(self, error: WireError | None = None) -> bytes:
        """The last bytes: the provider's body has ended, or broke off with `error`."""
        return b"" if self.done else self.write(self.last(error))

    def read(self, chunk: bytes) -> list[Event]:
        """The events of a chunk. They end with an `Error` where it cannot be read; after that, or `End`, none come."""
        events: list[Event] = []
        if self._read_all:
            return events
        try:
            for frame in self._framer.feed(chunk):
                events += self._events(frame)
                if events and type(events[-1]) in LAST:
                    break
        except (Malformed, EventTooLong) as error:
            events.append(self._malformed(error))
        self._read_all = bool(events) and type(events[-1]) in LAST
        return events

    def last(self, error: WireError | None = None) -> list[Event]:
        """The last events, `End` or `Error` if it has not come: the body has ended, or broke off with `error`."""
        events: list[Event] = []
        if self._read_all:
            return events
        self._read_all = True
        try:
            if error is None:
                for frame in self._framer.end():
                    events += self._events(frame)
                events += self._reader.end()
        except (Malformed, EventTooLong) as malformed:
            events.append(self._malformed(malformed))
        if not (events and type(events[-1]) in LAST):
            events.append(Error(error or WireError(502, "the provider ended its stream in mid-answer")))
        return events

    def write(self, events: Iterable[Event]) -> bytes:
        """What the client gets for events; nothing after the first `End` or `Error`."""
        out: list[bytes] = []
        if not self.done:
            self._write(events, out)
        return b"".join(out)

    def _events(self, frame: Frame) -> Iterable[Event]:
        if frame is COMMENT:
            return (Ping(),)
        name, data = frame
        return read_frame(self._reader, name, data)

    def _write(self, events: Iterable[Event], out: list[bytes]) -> bool:
        write = self._writer.write
        for event in events:
            if type(event) in WATCHED:
                self._watch(event)
            out.append(write(event))
            if self.done:
                return True
        return False

    def _malformed(self, error: ValueError) -> Error:
        return Error(WireError(502, str(error), origin=self._origin))

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


LAST = frozenset({Error, End})
WATCHED = frozenset({UsageUpdate, Finish}) | LAST | CALLS


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
