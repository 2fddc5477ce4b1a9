"""Reads a stream of GenerateContentResponse (https://ai.google.dev/api/generate-content) as neutral events.

Code Assist wraps each in `{"response": …}`. No event says that a stream is over: it is whole if it has told why the
model stopped, and what belongs to the end is told when the body ends.
"""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.blocks import BlockReader
from ccproxy.lightllm.gemini.errors import read_error
from ccproxy.lightllm.gemini.grounding import KEPT
from ccproxy.lightllm.gemini.logprobs import read_logprobs
from ccproxy.lightllm.gemini.names import camel, member
from ccproxy.lightllm.gemini.stops import read_stop
from ccproxy.lightllm.gemini.usage import read_tier, read_usage
from ccproxy.lightllm.gemini.whole_parts import Events
from ccproxy.lightllm.sse import DONE


class StreamReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._blocks = BlockReader()
        self._usage: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._reason = ""
        self._blocked = ""
        self._started = False
        self._done = False

    def read(self, name: bytes, data: bytes) -> Events:
        """The events of one frame."""
        if data == DONE:
            return self.end()
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Malformed(f"the provider sent an event that is not JSON: {error}") from error
        return self.read_document(document)

    def read_document(self, document: Any) -> Events:
        """The events of a chunk, or of a list of chunks."""
        out: Events = []
        for chunk in document if isinstance(document, list) else (document,):
            if not isinstance(chunk, dict):
                raise Malformed("the provider sent an event that is no JSON object")
            if not self._done:
                self._chunk(chunk, out)
        return out

    def end(self) -> Events:
        """The last events, when the body has ended."""
        if self._done:
            return []
        self._done = True
        out: Events = []
        if not (self._reason or self._blocked):
            self._tell_usage(out)
            error = ev.WireError(502, "the provider ended its stream in mid-answer", origin=WireFormat.GEMINI)
            return [*out, ev.Error(error)]
        self._blocks.finish(out)
        if self._kept:
            out.append(ev.Unknown(self._kept, WireFormat.GEMINI))
        self._tell_usage(out)
        out.append(read_stop(self._reason, self._blocked, self._blocks.whole.called))
        out.append(ev.End())
        return out

    def assume_whole(self) -> None:
        """The answer came in one piece: if it does not say why it stopped, it did anyway."""
        if not self._blocked:
            self._reason = self._reason or "STOP"

    def _chunk(self, raw: dict[str, Any], out: Events) -> None:
        inner = raw.get("response")
        chunk = camel(inner if isinstance(inner, dict) else raw)
        if chunk.get("error") or raw.get("error"):
            self._fail(chunk if chunk.get("error") else raw, out)
            return
        usage = chunk.get("usageMetadata")
        if not self._started:
            self._start(chunk, out)
        elif isinstance(usage, dict):
            self._usage.update(usage)
        candidates = chunk.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict) and not candidate.get("index"):
                self._candidate(camel(candidate), out)
                break
        if "promptFeedback" in chunk:
            self._blocked = str(member(chunk, "promptFeedback").get("blockReason") or self._blocked)

    def _start(self, chunk: dict[str, Any], out: Events) -> None:
        self._started = True
        self._usage.update(member(chunk, "usageMetadata"))
        id, model = str(chunk.get("responseId") or ""), str(chunk.get("modelVersion") or "")
        out.append(ev.MessageStart(id, model, None, read_tier(camel(self._usage)), WireFormat.GEMINI))
        self._tell_usage(out)

    def _candidate(self, candidate: dict[str, Any], out: Events) -> None:
        if not BARE.issuperset(candidate):
            self._beside(candidate)
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                self._blocks.part(part, out)
        if "logprobsResult" in candidate:
            self._blocks.logprobs(read_logprobs(member(candidate, "logprobsResult")), out)

    def _beside(self, candidate: dict[str, Any]) -> None:
        """Members beside the content: sources are told once their text is whole."""
        self._reason = str(candidate.get("finishReason") or self._reason)
        kept = {name: value for name in KEPT if (value := member(candidate, name))}
        if kept:
            self._blocks.sources.read(kept)
            for name, value in kept.items():
                self._kept[name] = {**self._kept.get(name, {}), **value}

    def _tell_usage(self, out: Events) -> None:
        if self._usage:
            out.append(ev.UsageUpdate(read_usage(camel(self._usage))))

    def _fail(self, chunk: dict[str, Any], out: Events) -> None:
        self._done = True
        error = read_error(chunk, 0) or ev.WireError(502, "the provider sent an error without a message")
        self._tell_usage(out)
        out.append(ev.Error(error))


BARE = frozenset({"content", "index"})
"""The members of a candidate in the middle of a stream."""
