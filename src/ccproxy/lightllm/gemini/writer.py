"""Writes neutral events as a stream of GenerateContentResponse, for `alt=sse` or as one JSON array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.beside import told_beside
from ccproxy.lightllm.gemini.encoding import BLANK, encoded, response_id
from ccproxy.lightllm.gemini.errors import write_error
from ccproxy.lightllm.gemini.logprobs import write_logprobs
from ccproxy.lightllm.gemini.parts import PartWriter, candidate
from ccproxy.lightllm.gemini.stops import write_stop
from ccproxy.lightllm.gemini.usage import write_usage


class ToolCall:
    """A call of one of the client's tools, until it is whole."""

    __slots__ = ("custom", "id", "name", "pieces", "signature")

    def __init__(self, event: ev.ToolCallStart, signature: str | None) -> None:
        self.id, self.name, self.custom = event.id, event.name, event.custom
        self.pieces: list[str] = []
        self.signature = signature


class StreamWriter:
    """Writes one stream."""

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._sse = asked.sse
        self._lead, self._trail = (b"data: ", b"\r\n\r\n") if asked.sse else (b"[", b"")
        self._wrapping = (b'{"response":', b"}") if asked.wrapped else (b"", b"")
        self._parts = PartWriter(asked.drops)
        self._say = self._parts.grounding.add
        self._calls: dict[int, ToolCall] = {}
        self._thought: tuple[int, int, bool] | None = None
        self._usage = ev.Usage()
        self._finish: ev.Finish | None = None
        self._done = False
        self._start(ev.MessageStart())

    def write(self, event: ev.Event) -> bytes:
        """What the client gets for an event."""
        return b"" if self._done else WRITERS[type(event)](self, event)

    def _start(self, event: ev.MessageStart) -> bytes:
        envelope = {"modelVersion": event.model or self._model, "responseId": response_id(event)}
        self._envelope = b"," + encoded(envelope)[1:]
        self._tier = event.service_tier
        self._prebuild()
        return b""

    def _prebuild(self) -> None:
        before, behind = self._wrapping
        head = self._lead + before + b'{"candidates":[{"content":{"parts":[{"text":'
        tail = b'],"role":"model"},"index":0}]' + self._envelope + behind + self._trail
        self._head, self._text_tail, self._thought_tail = head, b"}" + tail, b',"thought":true}' + tail

    def _framed(self, document: bytes) -> bytes:
        before, behind = self._wrapping
        framed = self._lead + before + document + behind + self._trail
        self._go_on()
        return framed

    def _go_on(self) -> None:
        """After the first element of an array."""
        if self._lead == b"[":
            self._lead = b",\r\n"
            self._prebuild()

    def _chunk(self, choice: dict[str, Any]) -> bytes:
        return self._framed(b'{"candidates":[' + encoded(choice) + b"]" + self._envelope)

    def _part(self, part: dict[str, Any] | None) -> bytes:
        return b"" if part is None else self._chunk(candidate([part]))

    def _text(self, event: ev.TextDelta | ev.RefusalDelta) -> bytes:
        text = event.text
        self._say(text)
        if self._parts.signature:
            return self._part(self._parts.signed({"text": text}))
        framed = self._head + encoded(text) + self._text_tail
        self._go_on()
        return framed

    def _thinking(self, event: ev.ThinkingDelta) -> bytes:
        place, text = (event.index, event.part, event.raw), event.text
        if self._thought != place:
            if self._thought is not None and self._thought[0] == event.index:
                text = "\n\n" + text  # the next paragraph of the same block
            self._thought = place
        framed = self._head + encoded(text) + self._thought_tail
        self._go_on()
        return framed

    def _open_thinking(self, event: ev.ThinkingStart) -> bytes:
        self._thought = None
        return self._part(self._parts.rest())

    def _signature(self, event: ev.Signature) -> bytes:
        return self._part(self._parts.sign(event.opaque))

    def _open_text(self, event: ev.TextStart | ev.RefusalStart) -> bytes:
        self._parts.grounding.open(event.index)
        return b""

    def _open_call(self, event: ev.ToolCallStart) -> bytes:
        self._calls[event.index] = ToolCall(event, self._parts.signature)
        self._parts.signature = None
        return b""

    def _arguments(self, event: ev.ArgumentsDelta) -> bytes:
        self._calls[event.index].pieces.append(event.json)
        return b""

    def _stop(self, event: ev.BlockStop) -> bytes:
        call = self._calls.pop(event.index, None)
        if call is None:
            self._parts.grounding.close(event.index)
            return b""
        part = self._parts.call(call.id, call.name, "".join(call.pieces), call.custom)
        return self._part(part | {"thoughtSignature": call.signature} if call.signature else part)

    def _cite(self, event: ev.CitationDelta) -> bytes:
        self._parts.grounding.cite(event.index, event.citation)
        return b""

    def _logprobs(self, event: ev.LogprobsDelta) -> bytes:
        return self._chunk(candidate([], logprobsResult=write_logprobs(event.tokens)))

    def _whole(self, event: Any) -> bytes:
        return self._part(self._parts.whole(event))

    def _count(self, event: ev.UsageUpdate) -> bytes:
        self._usage.update(event.usage)
        return b""

    def _stopped(self, event: ev.Finish) -> bytes:
        self._finish = event
        return b""

    def _end(self, event: ev.End) -> bytes:
        self._done = True
        last = self._parts.signed({"text": ""})
        choice = candidate([last], finishReason=write_stop(self._finish), **self._parts.grounding.members())
        usage = encoded(write_usage(self._usage, self._tier))
        told = told_beside(self._finish)
        beside = b"," + encoded(told)[1:-1] if told else b""
        document = b'{"candidates":[%b],"usageMetadata":%b%b' % (encoded(choice), usage, beside) + self._envelope
        return self._framed(document) + self._closing()

    def _error(self, event: ev.Error) -> bytes:
        self._done = True
        self._wrapping = (b"", b"")
        return self._framed(encoded(write_error(event.error))) + self._closing()

    def _closing(self) -> bytes:
        return b"" if self._sse else b"]"

    def _ping(self, event: ev.Ping) -> bytes:
        return BLANK


WRITERS: dict[type, Callable[[StreamWriter, Any], bytes]] = {
    ev.TextDelta: StreamWriter._text,
    ev.ThinkingDelta: StreamWriter._thinking,
    ev.ArgumentsDelta: StreamWriter._arguments,
    ev.MessageStart: StreamWriter._start,
    ev.TextStart: StreamWriter._open_text,
    ev.ThinkingStart: StreamWriter._open_thinking,
    ev.ToolCallStart: StreamWriter._open_call,
    ev.RefusalStart: StreamWriter._open_text,
    ev.RefusalDelta: StreamWriter._text,
    ev.Signature: StreamWriter._signature,
    ev.CitationDelta: StreamWriter._cite,
    ev.LogprobsDelta: StreamWriter._logprobs,
    ev.BlockStop: StreamWriter._stop,
    ev.Redacted: StreamWriter._whole,
    ev.ServerToolCall: StreamWriter._whole,
    ev.ServerToolResult: StreamWriter._whole,
    ev.Media: StreamWriter._whole,
    ev.Unknown: StreamWriter._whole,
    ev.UsageUpdate: StreamWriter._count,
    ev.Finish: StreamWriter._stopped,
    ev.End: StreamWriter._end,
    ev.Error: StreamWriter._error,
    ev.Ping: StreamWriter._ping,
}
