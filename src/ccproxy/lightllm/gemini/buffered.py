"""Whole answers of the Gemini format: one GenerateContentResponse, or a list of them, which is a stream at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.beside import told_beside
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.encoding import response_id
from ccproxy.lightllm.gemini.logprobs import write_logprobs
from ccproxy.lightllm.gemini.names import camel
from ccproxy.lightllm.gemini.parts import Part, PartWriter, candidate
from ccproxy.lightllm.gemini.reader import StreamReader
from ccproxy.lightllm.gemini.stops import write_stop
from ccproxy.lightllm.gemini.usage import write_usage
from ccproxy.lightllm.gemini.whole_parts import Events

SIGNS = frozenset({"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "error"})
"""Any of these members shows that a body is one of the format."""


def read_body(document: Any) -> Events:
    """The events of a whole answer. Raises Malformed."""
    reader = StreamReader()
    if isinstance(document, dict):
        inner = document.get("response")
        if SIGNS.isdisjoint(camel(inner if isinstance(inner, dict) else document) | document):
            raise Malformed("the provider's answer is no GenerateContentResponse")
        events = reader.read_document(document)
        reader.assume_whole()
    else:
        if not isinstance(document, list) or not document:
            raise Malformed("the provider's answer is no GenerateContentResponse")
        events = reader.read_document(document)
    return [*events, *reader.end()]


def write_body(answer: an.Answer, asked: Asked) -> dict[str, Any]:
    """A whole answer."""
    body = BodyWriter(PartWriter(asked.drops))
    for block in answer.blocks:
        body.add(block)
    choice = candidate(body.finished(), finishReason=write_stop(answer.finish), **body.beside())
    document = {
        "candidates": [choice],
        "usageMetadata": write_usage(answer.usage, answer.start.service_tier),
        "modelVersion": answer.start.model or asked.model,
        "responseId": response_id(answer.start),
        **told_beside(answer.finish),
    }
    return {"response": document} if asked.wrapped else document


class BodyWriter:
    """The parts of an answer's blocks."""

    def __init__(self, writer: PartWriter) -> None:
        self._writer = writer
        self._parts: list[Part] = []
        self._logprobs: list[dict[str, Any]] = []

    def add(self, block: an.Block) -> None:
        """Takes the next block."""
        part = BLOCKS[type(block)](self, block)
        if part is not None:
            self._parts.append(part)

    def finished(self) -> list[Part]:
        """All parts."""
        rest = self._writer.rest()
        return self._parts if rest is None else [*self._parts, rest]

    def beside(self) -> dict[str, Any]:
        """What the candidate holds beside its parts."""
        logprobs = {"logprobsResult": write_logprobs(self._logprobs)} if self._logprobs else {}
        return logprobs | self._writer.grounding.members()

    def _text(self, block: an.Text) -> Part | None:
        if not block.text:
            return None
        number, grounding = len(self._parts), self._writer.grounding
        grounding.open(number)
        grounding.add(block.text)
        for citation in block.citations:
            grounding.cite(number, citation)
        self._logprobs += block.logprobs
        return self._writer.signed({"text": block.text})

    def _refusal(self, block: an.Refusal) -> Part | None:
        return self._text(an.Text(block.pieces))

    def _thinking(self, block: an.Thinking) -> Part | None:
        earlier = self._writer.rest()
        if earlier is not None:
            self._parts.append(earlier)
        thought = {"text": block.text, "thought": True} if block.text else None
        behind = self._writer.sign(block.signature) if block.signature is not None else None
        return {**behind, "text": block.text} if behind is not None else thought

    def _call(self, block: an.ToolCall) -> Part | None:
        return self._writer.signed(self._writer.call(block.id, block.name, block.arguments, block.custom))

    def _whole(self, block: Any) -> Part | None:
        return self._writer.whole(block)


BLOCKS: dict[type, Callable[[BodyWriter, Any], Part | None]] = {
    an.Text: BodyWriter._text,
    an.Refusal: BodyWriter._refusal,
    an.Thinking: BodyWriter._thinking,
    an.ToolCall: BodyWriter._call,
    ev.Redacted: BodyWriter._whole,
    ev.ServerToolCall: BodyWriter._whole,
    ev.ServerToolResult: BodyWriter._whole,
    ev.Media: BodyWriter._whole,
    ev.Unknown: BodyWriter._whole,
}
