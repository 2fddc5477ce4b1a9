"""Chunks of a Chat Completions stream as bytes. What all of them have in common is made once."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.lightllm.events import MessageStart, Usage
from ccproxy.lightllm.openai_chat.answers import envelope
from ccproxy.lightllm.openai_chat.usage import write_usage

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"


class Chunks:
    """Makes chunks. Where the client wants usage, every chunk but the last has it as null, as the API documents."""

    def __init__(self, usage_wanted: bool) -> None:
        self._usage_wanted = usage_wanted
        self._end = b',"usage":null}\n\n' if usage_wanted else b"}\n\n"
        self._after_delta = b',"logprobs":null,"finish_reason":null}]' + self._end
        self._after_text = b"}" + self._after_delta
        self._head = b""
        self._delta_head = b""
        self._text_head = b""
        self._thinking_head = b""

    def begin(self, start: MessageStart, asked_model: str) -> None:
        """Makes what all chunks begin with; nothing else may be called before."""
        self._head = b"data: " + orjson.dumps(envelope(start, asked_model, "chat.completion.chunk"))[:-1]
        self._delta_head = self._head + b',"choices":[{"index":0,"delta":'
        self._text_head = self._delta_head + b'{"content":'
        self._thinking_head = self._delta_head + b'{"reasoning_content":'

    def text(self, text: str) -> bytes:
        """A chunk of text."""
        return self._text_head + orjson.dumps(text) + self._after_text

    def thinking(self, text: str) -> bytes:
        """A chunk of thinking."""
        return self._thinking_head + orjson.dumps(text) + self._after_text

    def delta(self, delta: dict[str, Any]) -> bytes:
        """A chunk of anything."""
        return self._delta_head + orjson.dumps(delta) + self._after_delta

    def choice(
        self, logprobs: dict[str, Any] | None, finish: str | None, beside: dict[str, Any] | None = None
    ) -> bytes:
        """A chunk without a delta. `beside` is what the chunk itself has more of than others."""
        choices = [{"index": 0, "delta": {}, "logprobs": logprobs, "finish_reason": finish}]
        more = b"," + orjson.dumps(beside)[1:-1] if beside else b""
        return b'%b,"choices":%b%b%b' % (self._head, orjson.dumps(choices), more, self._end)

    def end(self, usage: Usage) -> bytes:
        """What comes after the finish reason."""
        if not self._usage_wanted:
            return DONE
        return b'%b,"choices":[],"usage":%b}\n\n%b' % (self._head, orjson.dumps(write_usage(usage)), DONE)
