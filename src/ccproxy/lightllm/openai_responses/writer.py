"""Writes a stream of the Responses API: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_responses.envelope import Envelope
from ccproxy.lightllm.openai_responses.errors import error_object
from ccproxy.lightllm.openai_responses.frames import Frames
from ccproxy.lightllm.openai_responses.output import BLOCK_EVENTS, Output
from ccproxy.lightllm.openai_responses.stops import incomplete_reason


class StreamWriter:
    """Writes one stream. What it keeps is the output, which the last event repeats."""

    def __init__(self, asked: Asked) -> None:
        self._frames = Frames()
        self._envelope = Envelope(asked)
        self._output = Output(self._frames, asked)
        self._usage = ev.Usage()
        self._finish: ev.Finish | None = None
        self._begun = self._failed = False

    def write(self, event: ev.Event) -> bytes:
        """What the client gets for an event; nothing after an error."""
        kind = type(event)
        if self._failed:
            return b""
        handler = BLOCK_EVENTS.get(kind)
        if handler is None:
            return OTHER_EVENTS[kind](self, event)
        if self._begun:
            return handler(self._output, event)
        return self._begin(ev.MessageStart()) + handler(self._output, event)

    def _begin(self, start: ev.MessageStart) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        self._envelope.begin(start)
        response = self._envelope.running()
        created = self._frames.event("response.created", response=response)
        return created + self._frames.event("response.in_progress", response=response)

    def _count(self, event: ev.UsageUpdate) -> bytes:
        self._usage.update(event.usage)
        return b""

    def _stopped(self, event: ev.Finish) -> bytes:
        self._finish = event
        return b""

    def _end(self, event: ev.End) -> bytes:
        begun = self._begin(ev.MessageStart())
        reason = incomplete_reason(self._finish, self._output.refused)
        if reason:
            self._output.status = "incomplete"
        closed = self._output.close()
        metadata = self._finish.metadata if self._finish is not None else None
        response = self._envelope.finished(self._output.items(), self._usage, reason, metadata)
        return begun + closed + self._frames.event(f"response.{response['status']}", response=response)

    def _error(self, event: ev.Error) -> bytes:
        # Both events, as the API sends them. SDKs raise on data with an `error` member; the flat fields are the
        # documented ones. Codex reads `response.failed` alone.
        begun = self._begin(ev.MessageStart())
        error = error_object(event.error)
        code = error["code"] or error["type"]
        flat = {"code": code, "message": error["message"], "param": error["param"]}
        told = self._frames.event("error", **flat, error={**error, "code": code})
        response = self._envelope.failed(self._output.items(), event.error)
        self._failed = True
        return begun + told + self._frames.event("response.failed", response=response)

    def _ping(self, event: ev.Ping) -> bytes:
        return b": keep-alive\n\n"


OTHER_EVENTS: Mapping[type, Callable[[StreamWriter, Any], bytes]] = {
    ev.MessageStart: StreamWriter._begin,
    ev.UsageUpdate: StreamWriter._count,
    ev.Finish: StreamWriter._stopped,
    ev.End: StreamWriter._end,
    ev.Error: StreamWriter._error,
    ev.Ping: StreamWriter._ping,
}
