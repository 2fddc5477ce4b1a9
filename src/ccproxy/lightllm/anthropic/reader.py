"""Reads the stream of a provider that speaks Anthropic's format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.blocks import TEXT, BlockReader
from ccproxy.lightllm.anthropic.deltas import DELTAS, other
from ccproxy.lightllm.anthropic.errors import read_error
from ccproxy.lightllm.anthropic.stops import read_finish
from ccproxy.lightllm.anthropic.usage import read_tier, read_usage
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.sse import DONE

type Fields = dict[str, Any]
type Events = Iterable[ev.Event]


class StreamReader:
    """Reads one stream. Whole with `message_stop`; what comes after is of no interest."""

    def __init__(self) -> None:
        self._blocks = BlockReader()
        self._begun = False
        self._over = False
        self._stop_reason: Any = None
        self._stop_sequence: Any = None

    def read(self, name: bytes, data: bytes) -> Events:
        """The events of one frame. Raises Malformed for data that is not an event of the format at all."""
        if self._over:
            return ()
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            return self._no_json(name, data)
        return self._event(name, event)

    def _event(self, name: bytes, event: Any) -> Events:
        if not isinstance(event, dict):
            raise Malformed(f"the provider sent an event that is not an object: {str(event)[:80]}")
        kind = event.get("type") or name.decode("ascii", "replace")
        handler = EVENTS.get(kind) or (StreamReader._error if event.get("error") else StreamReader._nothing)
        return handler(self, event)

    def end(self) -> Events:
        """The last events, when the body has ended well: an `Error` where `message_stop` did not come."""
        if self._over:
            return ()
        self._over = True
        message = "the provider ended its stream in mid-answer"
        return (ev.Error(ev.WireError(502, message, origin=WireFormat.ANTHROPIC)),)

    def _no_json(self, name: bytes, data: bytes) -> Events:
        text = data.decode("utf-8", "replace")
        if name == b"error":
            return self._error({"error": text})
        if data.strip() == DONE and self._stop_reason:  # of servers whose other tongue is OpenAI's
            return self._stop({})
        if data.strip() == DONE:
            return ()
        try:  # half a surrogate pair is JSON, but no text
            mended = orjson.loads(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the provider sent an event that is not JSON: {text[:80]!r}") from error
        return self._event(name, mended)

    def _nothing(self, event: Fields) -> Events:
        return ()

    def _ping(self, event: Fields) -> Events:
        return (ev.Ping(),)

    def _start(self, event: Fields) -> Events:
        if self._begun:
            return ()
        self._begun = True
        message = _fields(event, "message")
        usage = message.get("usage")
        id, model = str(message.get("id") or ""), str(message.get("model") or "")
        start = ev.MessageStart(id, model, None, read_tier(usage), WireFormat.ANTHROPIC)
        return (start, ev.UsageUpdate(read_usage(usage))) if usage else (start,)

    def _block_start(self, event: Fields) -> Events:
        return self._begin() + self._blocks.start(event.get("index"), _fields(event, "content_block"))

    def _block_stop(self, event: Fields) -> Events:
        at = event.get("index")
        return self._blocks.stop(at) if at is not None else self._blocks.stop_all()

    def _block_delta(self, event: Fields) -> Events:
        delta = event.get("delta") or {}
        kind = delta.get("type")
        if kind == "text_delta":  # the way that must be short
            block = self._blocks.open.get(event.get("index"))
            text = delta.get("text")
            if block is not None and block.kind == TEXT and text and type(text) is str:
                block.length += len(text)
                return (ev.TextDelta(block.index, text),)
        return self._begin() + DELTAS.get(kind, other)(self._blocks, event.get("index"), delta)

    def _delta(self, event: Fields) -> Events:
        delta, usage = _fields(event, "delta"), event.get("usage")
        self._stop_reason = delta.get("stop_reason") or self._stop_reason
        self._stop_sequence = delta.get("stop_sequence") or self._stop_sequence
        events = self._begin()
        if usage:
            events.append(ev.UsageUpdate(read_usage(usage)))
        return events

    def _stop(self, event: Fields) -> Events:
        self._over = True
        events = self._begin() + self._blocks.stop_all()
        finish = read_finish(self._stop_reason, self._stop_sequence, called=self._blocks.called)
        return [*events, finish, ev.End()]

    def _error(self, event: Fields) -> Events:
        self._over = True
        error = read_error(event, 0)
        return (ev.Error(error or ev.WireError(500, "unknown error", origin=WireFormat.ANTHROPIC)),)

    def _begin(self) -> list[ev.Event]:
        """An answer begins, said or not."""
        if self._begun:
            return []
        self._begun = True
        return [ev.MessageStart()]


EVENTS: Mapping[str, Callable[[StreamReader, Fields], Events]] = {
    "content_block_delta": StreamReader._block_delta,
    "content_block_start": StreamReader._block_start,
    "content_block_stop": StreamReader._block_stop,
    "message_start": StreamReader._start,
    "message_delta": StreamReader._delta,
    "message_stop": StreamReader._stop,
    "error": StreamReader._error,
    "ping": StreamReader._ping,
}


def _fields(event: Fields, name: str) -> Fields:
    value = event.get(name)
    return value if isinstance(value, dict) else {}
