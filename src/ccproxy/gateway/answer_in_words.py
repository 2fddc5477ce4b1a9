"""A recorded answer of a model as text for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import Answer, Refusal, Text, Thinking, ToolCall, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Media, Redacted, ServerToolCall, ServerToolResult, Unknown
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.array import ArrayFramer
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import parsed, read_events, translate_error
from ccproxy.lightllm.values import USAGE_FIELDS, Usage, WireError

type Section = tuple[str, str]
"""A heading and what stands below it."""


UNUSED = WireFormat.OPENAI
"""A format that can be written, which not all can that are read. Nothing is written here."""
EVEN_NONE = ("input", "output")
"""Tokens that are told of even if there were none."""


def answer_in_words(body: bytes, wire: WireFormat, status: int) -> list[Section]:
    """What a body of a provider says, streamed or not; nothing if it cannot be read as an answer of this format.

    Of a stream that broke off it is what came.
    """
    try:
        if status >= 400:
            return _error(translate_error(parsed(body), status, wire))
        return _told(_read(body, wire))
    except Malformed:
        return []


def _read(body: bytes, wire: WireFormat) -> Answer:
    first = body[:64].lstrip()[:1]
    if first == b"{":
        return collect(read_events(parsed(body), wire))
    if first != b"[" and b"data:" not in body:
        raise Malformed("the provider's answer is neither JSON nor a stream")
    return streamed(body, wire)


def streamed(body: bytes, wire: WireFormat) -> Answer:
    """What a stream amounts to as far as it can be read; Gemini's may be an array. Raises Malformed."""
    framer = ArrayFramer() if body[:64].lstrip()[:1] == b"[" else None
    translator = StreamTranslator(wire, UNUSED, Asked(), framer)
    return collect([*translator.read(body), *translator.last()])


def _told(answer: Answer) -> list[Section]:
    if not (answer.start.model or answer.blocks or answer.finish):
        return _error(answer.error)
    known = {
        "model": answer.start.model,
        "stopped": answer.finish and (answer.finish.native or answer.finish.reason.value),
        "tokens": _usage(answer.usage),
    }
    facts = "\n".join(f"{name}: {value}" for name, value in known.items() if value)
    return [("answer", facts), *map(_block, answer.blocks), *_error(answer.error)]


def _usage(usage: Usage) -> str:
    counts = ((name.replace("_", " "), getattr(usage, name)) for name in USAGE_FIELDS)
    return ", ".join(f"{count:,} {name}" for name, count in counts if count or (count == 0 and name in EVEN_NONE))


def _error(error: WireError | None) -> list[Section]:
    if error is None:
        return []
    token = " ".join(filter(None, [error.type, error.code]))
    return [("error", f"{token}: {error.message}" if token else error.message)]


def _block(block: Any) -> Section:
    return BLOCKS[type(block)](block)


def _result(block: ServerToolResult) -> Section:
    sources = [f"{source.title or ''} {source.url or source.document_id or ''}".strip() for source in block.sources]
    failed = " failed" if block.failed else ""
    return f"result of {block.name}{failed}", "\n".join(filter(None, [block.output, *sources]))


BLOCKS: dict[type, Callable[[Any], Section]] = {
    Text: lambda block: ("text", block.text),
    Thinking: lambda block: ("thinking", block.text or "(cannot be read)"),
    ToolCall: lambda block: (f"calls {block.name} ({block.id})", block.arguments),
    Refusal: lambda block: ("refusal", block.text),
    Redacted: lambda block: ("thinking", "(withheld by the provider)"),
    ServerToolCall: lambda block: (f"calls {block.name}, the provider's own", orjson.dumps(block.input).decode()),
    ServerToolResult: _result,
    Media: lambda block: ("file", f"{block.media_type}, {block.url or f'{len(block.data) * 3 // 4} bytes'}"),
    Unknown: lambda block: ("something else", orjson.dumps(block.raw, option=orjson.OPT_INDENT_2).decode()),
}
