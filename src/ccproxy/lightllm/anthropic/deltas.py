"""Pieces of content blocks as neutral events, by the kind of the delta."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.blocks import CALL, TEXT, THINKING, WHOLE, BlockReader, Events

type Fields = dict[str, Any]


def _text(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    text = _string(delta.get("text"))
    if not text:
        return []
    block, events = blocks.find(at, TEXT)
    block.length += len(text)
    return [*events, ev.TextDelta(block.index, text)]


def _thinking(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    text = _string(delta.get("thinking"))
    if not text:
        return []
    block, events = blocks.find(at, THINKING)
    return [*events, ev.ThinkingDelta(block.index, text)]


def _signature(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    block, events = blocks.find(at, THINKING)
    block.signature = str(delta.get("signature") or block.signature)
    return events


def _input(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    piece = _string(delta.get("partial_json"))
    if not piece:
        return []
    block = blocks.open.get(blocks.at(at))
    if block is not None and block.kind == WHOLE:
        block.pieces.append(piece)
        return []
    block, events = blocks.find(at, CALL)
    block.length += len(piece)
    return [*events, ev.ArgumentsDelta(block.index, piece)]


def _citation(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    block, events = blocks.find(at, TEXT)
    blocks.cite(block, delta.get("citation"))
    return events


def other(blocks: BlockReader, at: Any, delta: Fields) -> Events:
    """Deltas of blocks that nobody knows, and of compactions: text grows, the rest is as it was said last."""
    block = blocks.open.get(blocks.at(at))
    if block is None or block.kind != WHOLE:
        return []
    for name, value in delta.items():
        if name != "type" and value is not None:
            old = block.raw.get(name)
            block.raw[name] = old + value if isinstance(old, str) and isinstance(value, str) else value
    return []


def _string(value: Any) -> str:
    """A piece as text; of a server that sends it as something else, its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


DELTAS: Mapping[Any, Callable[[BlockReader, Any, Fields], Events]] = {
    "text_delta": _text,
    "thinking_delta": _thinking,
    "signature_delta": _signature,
    "input_json_delta": _input,
    "citations_delta": _citation,
}
