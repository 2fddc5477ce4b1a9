"""Writes Chat Completions as a stream of chunks (platform.openai.com/docs/api-reference/chat/streaming)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_chat.answers import custom_tools, google_signature, logprobs, members_beside
from ccproxy.lightllm.openai_chat.call_writer import CallWriter
from ccproxy.lightllm.openai_chat.chunks import KEEP_ALIVE, Chunks
from ccproxy.lightllm.openai_chat.citations import write_citation
from ccproxy.lightllm.openai_chat.errors import write_error
from ccproxy.lightllm.openai_chat.images import write_image
from ccproxy.lightllm.openai_chat.stops import write_stop

OUTSIDE = frozenset({ev.MessageStart, ev.Error, ev.Ping})
"""Events that need no answer to have begun."""


class StreamWriter:
    """Writes one stream. Lists in deltas have an `index`, without which the official SDK cannot add them up."""

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._drops = asked.drops
        self._custom = custom_tools(asked)
        options = asked.document.get("stream_options")
        self._chunks = Chunks(isinstance(options, dict) and bool(options.get("include_usage")))
        self._started = self._over = self._refused = False
        self._length = 0  # of all text, which citations count from
        self._texts: dict[int, tuple[int, list[ev.Citation]]] = {}
        self._calls: dict[int, CallWriter] = {}
        self._called = self._cited = self._pictured = 0
        self._thought: tuple[int, int, bool] | None = None
        self._signature = ""  # Gemini's, of the call that is to come
        self._usage = ev.Usage()
        self._finish: ev.Finish | None = None

    def write(self, event: ev.Event) -> bytes:
        """The chunks of an event."""
        if self._over:
            return b""
        handler = HANDLERS[type(event)]
        if self._started or type(event) in OUTSIDE:
            return handler(self, event)
        return self._start(ev.MessageStart()) + handler(self, event)

    def _start(self, event: ev.MessageStart) -> bytes:
        if self._started:
            return b""
        self._started = True
        self._chunks.begin(event, self._model)
        return self._chunks.delta({"role": "assistant", "content": ""})

    def _open_text(self, event: ev.TextStart) -> bytes:
        self._forget_signature()
        self._texts[event.index] = (self._length, [])
        return b""

    def _text(self, event: ev.TextDelta) -> bytes:
        text = event.text
        self._length += len(text)
        return self._chunks.text(text)

    def _citation(self, event: ev.CitationDelta) -> bytes:
        self._texts[event.index][1].append(event.citation)
        return b""

    def _logprobs(self, event: ev.LogprobsDelta) -> bytes:
        return self._chunks.choice(logprobs(event.tokens), None)

    def _thinking(self, event: ev.ThinkingDelta) -> bytes:
        place = (event.index, event.part, event.raw)
        text = event.text
        if place != self._thought:
            text = text if self._thought is None else "\n\n" + text
            self._thought = place
        return self._chunks.thinking(text)

    def _sign(self, event: ev.Signature) -> bytes:
        self._forget_signature()
        if event.opaque.origin is WireFormat.GEMINI:
            self._signature = event.opaque.data
        else:
            self._drops.add("signature")
        return b""

    def _forget_signature(self) -> None:
        if self._signature:
            self._signature = ""
            self._drops.add("signature")

    def _open_call(self, event: ev.ToolCallStart) -> bytes:
        call = self._calls[event.index] = CallWriter(self._called, event, event.name in self._custom)
        self._called += 1
        entry = call.open()
        if self._signature:
            entry["extra_content"] = google_signature(self._signature)
            self._signature = ""
        return self._chunks.delta({"tool_calls": [entry]})

    def _arguments(self, event: ev.ArgumentsDelta) -> bytes:
        return self._call_delta(self._calls[event.index].more(event.json))

    def _call_delta(self, entry: dict[str, Any] | None) -> bytes:
        return b"" if entry is None else self._chunks.delta({"tool_calls": [entry]})

    def _refusal(self, event: ev.RefusalDelta) -> bytes:
        self._refused = True
        return self._chunks.delta({"refusal": event.text})

    def _stop(self, event: ev.BlockStop) -> bytes:
        call = self._calls.pop(event.index, None)
        if call is not None:
            return self._call_delta(call.close())
        begin, citations = self._texts.pop(event.index, (0, ()))
        return self._annotations(begin, citations) if citations else b""

    def _annotations(self, begin: int, citations: list[ev.Citation] | tuple[()]) -> bytes:
        entries = []
        for citation in citations:
            entry = write_citation(citation, begin, self._length - begin)
            if entry is None:
                self._drops.add("citations")
            else:
                entries.append({"index": self._cited, **entry})
                self._cited += 1
        return self._chunks.delta({"annotations": entries}) if entries else b""

    def _media(self, event: ev.Media) -> bytes:
        image = write_image(event)
        if image is None:
            self._drops.add("media")
            return b""
        self._pictured += 1
        return self._chunks.delta({"images": [{"index": self._pictured - 1, **image}]})

    def _redacted(self, event: ev.Redacted) -> bytes:
        self._drops.add("signature")
        return b""

    def _server_tool(self, event: ev.ServerToolCall | ev.ServerToolResult) -> bytes:
        self._drops.add("server_tool_blocks")
        return b""

    def _unknown(self, event: ev.Unknown) -> bytes:
        self._drops.add("unknown_block")
        return b""

    def _count(self, event: ev.UsageUpdate) -> bytes:
        self._usage.update(event.usage)
        return b""

    def _finished(self, event: ev.Finish) -> bytes:
        self._finish = event
        return b""

    def _end(self, event: ev.End) -> bytes:
        self._over = True
        self._forget_signature()
        reason = self._finish.reason if self._finish else None
        finish = write_stop(reason, bool(self._called), self._refused)
        return self._chunks.choice(None, finish, members_beside(self._finish)) + self._chunks.end(self._usage)

    def _error(self, event: ev.Error) -> bytes:
        self._over = True
        return b"data: %b\n\n" % orjson.dumps(write_error(event.error))

    def _ping(self, event: ev.Ping) -> bytes:
        return KEEP_ALIVE

    def _nothing(self, event: ev.Event) -> bytes:
        return b""


HANDLERS: dict[type, Callable[[StreamWriter, Any], bytes]] = {
    ev.MessageStart: StreamWriter._start,
    ev.TextStart: StreamWriter._open_text,
    ev.TextDelta: StreamWriter._text,
    ev.CitationDelta: StreamWriter._citation,
    ev.LogprobsDelta: StreamWriter._logprobs,
    ev.ThinkingStart: StreamWriter._nothing,
    ev.ThinkingDelta: StreamWriter._thinking,
    ev.Signature: StreamWriter._sign,
    ev.Redacted: StreamWriter._redacted,
    ev.ToolCallStart: StreamWriter._open_call,
    ev.ArgumentsDelta: StreamWriter._arguments,
    ev.RefusalStart: StreamWriter._nothing,
    ev.RefusalDelta: StreamWriter._refusal,
    ev.BlockStop: StreamWriter._stop,
    ev.ServerToolCall: StreamWriter._server_tool,
    ev.ServerToolResult: StreamWriter._server_tool,
    ev.Media: StreamWriter._media,
    ev.Unknown: StreamWriter._unknown,
    ev.UsageUpdate: StreamWriter._count,
    ev.Finish: StreamWriter._finished,
    ev.End: StreamWriter._end,
    ev.Error: StreamWriter._error,
    ev.Ping: StreamWriter._ping,
}
