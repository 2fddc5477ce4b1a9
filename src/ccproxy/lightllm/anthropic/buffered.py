"""Whole answers: a `message`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.blocks import BlockReader
from ccproxy.lightllm.anthropic.citations import write_citation
from ccproxy.lightllm.anthropic.envelope import message
from ccproxy.lightllm.anthropic.errors import read_error
from ccproxy.lightllm.anthropic.server_write import WHOLE_BLOCKS
from ccproxy.lightllm.anthropic.stops import read_finish, write_finish
from ccproxy.lightllm.anthropic.usage import read_tier, read_usage
from ccproxy.lightllm.arguments import arguments_object
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.beside import told_beside
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.signatures import sealed

type Wire = dict[str, Any]


def read_body(document: Any) -> Iterable[ev.Event]:
    """The events of a whole answer, complete with `End` or `Error`. Raises Malformed."""
    if not isinstance(document, dict):
        raise Malformed("the provider's answer is not a message: it is no object")
    if document.get("type") == "error" or (document.get("error") and not document.get("content")):
        error = read_error(document, 0)
        return [ev.Error(error or ev.WireError(500, "unknown error", origin=WireFormat.ANTHROPIC))]
    content = document.get("content")
    if isinstance(content, str):
        content = [content]
    if content is None and (document.get("type") == "message" or document.get("stop_reason")):
        content = []
    if not isinstance(content, list):
        raise Malformed("the provider's answer is not a message: it has no content")
    return _message(document, content)


def _message(document: Wire, content: list[Any]) -> list[ev.Event]:
    usage = document.get("usage")
    id, model = str(document.get("id") or ""), str(document.get("model") or "")
    events: list[ev.Event] = [ev.MessageStart(id, model, None, read_tier(usage), WireFormat.ANTHROPIC)]
    blocks = BlockReader()
    for at, item in enumerate(content):
        block = {"type": "text", "text": item} if isinstance(item, str) else item
        if isinstance(block, dict):
            events += blocks.start(at, block)
            events += blocks.stop(at)
    finish = read_finish(document.get("stop_reason"), document.get("stop_sequence"), called=blocks.called)
    return [*events, ev.UsageUpdate(read_usage(usage)), finish, ev.End()]


def write_body(answer: an.Answer, asked: Asked) -> Wire:
    """A whole answer as JSON. `answer.error` is None."""
    body = message(answer.start, asked.model, answer.usage)
    written = (WRITERS[type(block)](block, asked.drops) for block in answer.blocks)
    body["content"] = [block for block in written if block is not None]
    ended = write_finish(
        answer.finish,
        called=any(isinstance(block, an.ToolCall) for block in answer.blocks),
        refused=any(isinstance(block, an.Refusal) for block in answer.blocks),
    )
    return body | ended | told_beside(answer.finish)


def _text(block: an.Text, drops: Drops) -> Wire | None:
    if block.logprobs:
        drops.add("logprobs")
    cited = [wire for citation in block.citations if (wire := write_citation(citation, drops)) is not None]
    if not block.text and not cited:
        return None
    out: Wire = {"type": "text", "text": block.text}
    return out | {"citations": cited} if cited else out


def _refusal(block: an.Refusal, drops: Drops) -> Wire | None:
    return {"type": "text", "text": block.text} if block.text else None


def _thinking(block: an.Thinking, drops: Drops) -> Wire | None:
    signature = sealed(block.signature, WireFormat.ANTHROPIC) if block.signature else ""
    if not block.text and not signature:
        return None
    return {"type": "thinking", "thinking": block.text, "signature": signature}


def _call(block: an.ToolCall, drops: Drops) -> Wire | None:
    text = block.arguments
    value = {"input": text} if block.custom else arguments_object(text.strip(), drops)
    return {"type": "tool_use", "id": safe_id(block.id), "name": block.name, "input": value}


WRITERS: Mapping[type, Callable[[Any, Drops], Wire | None]] = {
    an.Text: _text,
    an.Refusal: _refusal,
    an.Thinking: _thinking,
    an.ToolCall: _call,
    **WHOLE_BLOCKS,
}
"""How each block of an answer is written. The API refuses empty blocks when they are sent back, so none is written."""
