"""Reads Chat Completions: chunks of a stream, and whole messages, which are read as one large delta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.moments import seconds
from ccproxy.lightllm.openai_chat.citations import read_sources
from ccproxy.lightllm.openai_chat.deltas import Deltas
from ccproxy.lightllm.openai_chat.errors import read_error
from ccproxy.lightllm.openai_chat.stops import BROKEN, read_stop
from ccproxy.lightllm.openai_chat.tolerance import members, objects
from ccproxy.lightllm.openai_chat.usage import read_usage
from ccproxy.lightllm.sse import DONE


class StreamReader:
    """Reads one stream. Only the first choice counts."""

    def __init__(self) -> None:
        self._blocks = Deltas()
        self._started = False
        self._over = False
        self._finish: str | None = None

    def read(self, name: bytes, data: bytes) -> Iterable[ev.Event]:
        """The events of one chunk; `[DONE]` ends the answer. Raises Malformed."""
        if self._over:
            return ()
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            if data.strip() == DONE:
                return self.done()
            if not data.strip():
                return ()
            raise Malformed(f"the provider sent an event that is not JSON: {error}") from error
        return self.chunk(chunk, name)

    def end(self) -> Iterable[ev.Event]:
        """The last events of a body: a finish reason makes an answer whole where `[DONE]` is not sent."""
        if self._over:
            return ()
        if self._finish is not None:
            return self.done()
        return self._fail(ev.WireError(502, "the provider ended its stream in mid-answer", origin=WireFormat.OPENAI))

    def chunk(self, chunk: Any, name: bytes = b"", whole: bool = False) -> list[ev.Event]:
        """The events of a chunk, or of a `whole` answer."""
        if not isinstance(chunk, dict):
            return self._no_chunk(chunk)
        choices = objects(chunk.get("choices"))
        events: list[ev.Event] = []
        if choices:
            if not self._started:
                self._start(chunk, events)
            for choice in choices:
                if not choice.get("index"):
                    self._choice(choice, chunk, events, whole)
        if self._over:
            return events
        usage = chunk.get("usage")
        if usage or "x_groq" in chunk:
            self._usage(usage or members(chunk["x_groq"]).get("usage"), chunk, events)
        if chunk.get("error") or (not choices and (name == b"error" or chunk.get("object") == "error")):
            events += self._fail(read_error(chunk, 0))
        return events

    def done(self) -> list[ev.Event]:
        """The answer is whole, as far as the provider says."""
        if self._over:
            return []
        if not self._started:
            return self._fail(ev.WireError(502, "the provider sent no answer", origin=WireFormat.OPENAI))
        native = self._finish or ""
        if native == BROKEN:
            return self._fail(ev.WireError(502, "the provider failed in mid-answer", origin=WireFormat.OPENAI))
        self._over = True
        blocks = self._blocks
        events: list[ev.Event] = []
        blocks.close_all(events)
        events += (ev.Finish(read_stop(native, bool(blocks.calls), blocks.refused), native=native), ev.End())
        return events

    def _start(self, chunk: dict[str, Any], events: list[ev.Event]) -> None:
        self._started = True
        created, tier = chunk.get("created"), chunk.get("service_tier")
        events.append(
            ev.MessageStart(
                str(chunk.get("id") or ""),
                str(chunk.get("model") or ""),
                seconds(created),
                tier if isinstance(tier, str) else None,
                WireFormat.OPENAI,
            )
        )

    def _choice(self, choice: dict[str, Any], chunk: dict[str, Any], events: list[ev.Event], whole: bool) -> None:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            self._blocks.add(delta, events, whole)
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict):
            self._blocks.logprobs(logprobs, events)
        finish = choice.get("finish_reason")
        if finish:
            self._finish = str(finish)
            self._last_words(choice, chunk, events)

    def _last_words(self, choice: dict[str, Any], chunk: dict[str, Any], events: list[ev.Event]) -> None:
        """What compatible servers have beside the last delta: sources, usage, errors."""
        if not self._blocks.cited:
            self._blocks.annotations(choice.get("annotations"), events)
        if not self._blocks.cited:
            for citation in read_sources(chunk):
                self._blocks.cite(citation, events)
        if isinstance(choice.get("usage"), dict):
            events.append(ev.UsageUpdate(read_usage(choice["usage"])))
        if choice.get("error"):
            events += self._fail(read_error(choice, 0))

    def _usage(self, usage: Any, chunk: dict[str, Any], events: list[ev.Event]) -> None:
        if not isinstance(usage, dict):
            return
        if not self._started:
            self._start(chunk, events)
        events.append(ev.UsageUpdate(read_usage(usage)))

    def _no_chunk(self, value: Any) -> list[ev.Event]:
        error = read_error(value, 0) if isinstance(value, list) else None
        if error is None:
            raise Malformed("the provider sent an event that is no object")
        return self._fail(error)

    def _fail(self, error: ev.WireError | None) -> list[ev.Event]:
        if self._over:
            return []
        self._over = True
        return [ev.Error(error or ev.WireError(500, "the provider reported an error", origin=WireFormat.OPENAI))]
