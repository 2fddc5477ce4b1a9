"""Whole answers of the Responses API: https://platform.openai.com/docs/api-reference/responses/object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Answer, Block, Refusal, Text, Thinking, ToolCall
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Error, Event
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.envelope import Envelope
from ccproxy.lightllm.openai_responses.errors import read_error
from ccproxy.lightllm.openai_responses.frames import Silence
from ccproxy.lightllm.openai_responses.output import BLOCK_EVENTS, Output
from ccproxy.lightllm.openai_responses.reader import StreamReader
from ccproxy.lightllm.openai_responses.stops import incomplete_reason


def read_body(document: Any) -> Iterable[Event]:
    """The events of a whole answer, complete with `End` or `Error`. Raises Malformed."""
    if not isinstance(document, dict):
        raise Malformed("the provider's answer is not an object")
    if not isinstance(document.get("output"), list) and document.get("object") != "response":
        error = read_error(document, 0)
        if error is None:
            raise Malformed("the provider's answer has no `output`")
        return [Error(error)]
    return StreamReader().response(document)


def write_body(answer: Answer, asked: Asked) -> dict[str, Any]:
    """A whole answer as JSON, put together from the same items as a stream. `answer.error` is None."""
    output = Output(Silence(), asked)
    for index, block in enumerate(answer.blocks):
        for event in _told(index, block):
            BLOCK_EVENTS[type(event)](output, event)
    reason = incomplete_reason(answer.finish, output.refused)
    if reason:
        output.status = "incomplete"
    output.close()
    envelope = Envelope(asked)
    envelope.begin(answer.start)
    metadata = answer.finish.metadata if answer.finish is not None else None
    return envelope.finished(output.items(), answer.usage, reason, metadata)


def _told(index: int, block: Block) -> list[Event]:
    """A block as the events of a stream."""
    teller = TELLERS.get(type(block))
    return [*teller(index, block), ev.BlockStop(index)] if teller else [cast(Event, block)]


def _text(index: int, block: Text) -> list[Event]:
    out: list[Event] = [ev.TextStart(index, block.own), *([ev.TextDelta(index, block.text)] if block.pieces else [])]
    out += [ev.CitationDelta(index, citation) for citation in block.citations]
    return [*out, ev.LogprobsDelta(index, block.logprobs)] if block.logprobs else out


def _refusal(index: int, block: Refusal) -> list[Event]:
    return [ev.RefusalStart(index, block.own), *([ev.RefusalDelta(index, block.text)] if block.pieces else [])]


def _call(index: int, block: ToolCall) -> list[Event]:
    start = ev.ToolCallStart(index, block.id, block.name, block.custom, block.own)
    return [start, *([ev.ArgumentsDelta(index, block.arguments)] if block.pieces else [])]


def _thinking(index: int, block: Thinking) -> list[Event]:
    out: list[Event] = [ev.ThinkingStart(index, block.id)]
    for raw, parts in ((True, block.raw_parts), (False, block.parts)):
        out += [ev.ThinkingDelta(index, text, key, raw) for key, text in sorted(parts.items()) if text]
    return [*out, ev.Signature(index, block.signature)] if block.signature else out


TELLERS: Mapping[type, Callable[[int, Any], list[Event]]] = {
    Text: _text,
    Refusal: _refusal,
    ToolCall: _call,
    Thinking: _thinking,
}
"""Blocks that a stream tells in several events; others are one event."""
