"""What a stream and a message of Anthropic's Messages API must look like. It stands alone and knows nothing of ccproxy.

Sources: docs.anthropic.com/en/docs/build-with-claude/streaming, …/en/api/messages, …/en/api/errors; the types of the
official Python SDK 2.12 (required fields, literals), and its accumulator, which reads blocks by their position.
"""

from __future__ import annotations

import json
import re
from typing import Any

STOP_REASONS = {
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
    "compaction",
}  # fmt: skip
SERVER_TOOLS = {
    "web_search", "web_fetch", "code_execution", "bash_code_execution", "text_editor_code_execution",
    "tool_search_tool_regex", "tool_search_tool_bm25", "advisor",
}  # fmt: skip
CUT_SHORT = {"max_tokens", "model_context_window_exceeded", "refusal", "pause_turn"}
"""Reasons for which a call's input may end in the middle."""

BLOCKS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "text": {"text": str},
    "thinking": {"thinking": str, "signature": str},
    "redacted_thinking": {"data": str},
    "tool_use": {"id": str, "name": str, "input": dict},
    "server_tool_use": {"id": str, "name": str, "input": dict},
    "mcp_tool_use": {"id": str, "name": str, "server_name": str, "input": dict},
    "mcp_tool_result": {"tool_use_id": str, "is_error": bool, "content": (str, list)},
    "web_search_tool_result": {"tool_use_id": str, "content": (list, dict)},
    "web_fetch_tool_result": {"tool_use_id": str, "content": dict},
    "code_execution_tool_result": {"tool_use_id": str, "content": dict},
    "bash_code_execution_tool_result": {"tool_use_id": str, "content": dict},
    "text_editor_code_execution_tool_result": {"tool_use_id": str, "content": dict},
    "tool_search_tool_result": {"tool_use_id": str, "content": dict},
    "advisor_tool_result": {"tool_use_id": str, "content": dict},
    "compaction": {"content": (str, type(None))},
    "container_upload": {"file_id": str},
}
INSIDE: dict[str, dict[str, type | tuple[type, ...]]] = {
    "web_search_result": {"url": str, "title": str, "encrypted_content": str},
    "web_search_tool_result_error": {"error_code": str},
    "web_fetch_result": {"url": str, "content": dict},
    "web_fetch_tool_result_error": {"error_code": str},
    "code_execution_result": {"stdout": str, "stderr": str, "return_code": int, "content": list},
    "code_execution_tool_result_error": {"error_code": str},
}
CITATIONS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "char_location": {"cited_text": str, "document_index": int, "start_char_index": int, "end_char_index": int},
    "page_location": {"cited_text": str, "document_index": int, "start_page_number": int, "end_page_number": int},
    "content_block_location": {
        "cited_text": str, "document_index": int, "start_block_index": int, "end_block_index": int,
    },
    "web_search_result_location": {"cited_text": str, "url": str, "encrypted_index": str},
    "search_result_location": {
        "cited_text": str, "source": str, "search_result_index": int, "start_block_index": int, "end_block_index": int,
    },
}  # fmt: skip
DELTAS: dict[str, dict[str, str]] = {
    "text": {"text_delta": "text", "citations_delta": "citation"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
    "server_tool_use": {"input_json_delta": "partial_json"},
    "mcp_tool_use": {"input_json_delta": "partial_json"},
    "compaction": {"compaction_delta": "content"},
}
EMPTY = {"text": ("text", ""), "thinking": ("thinking", ""), "tool_use": ("input", {})}
"""What a block of a stream has at its start."""

COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
CLIENT_ID = re.compile(r"^[a-zA-Z0-9_-]+$")
SERVER_ID = re.compile(r"^srvtoolu_[a-zA-Z0-9_]+$")


def check_stream(text: str) -> list[str]:
    """What is wrong with a stream; nothing, if it is one that the API could have sent."""
    checker = _Stream()
    found = frames(text)
    for name, data in found:
        checker.take(name, data)
    return checker.errors + ([] if checker.over else ["the stream has neither message_stop nor error"])


def check_body(document: Any) -> list[str]:
    """What is wrong with a whole message."""
    if not isinstance(document, dict):
        return ["the body is not an object"]
    errors = _message(document, "body")
    blocks = document.get("content")
    if not isinstance(blocks, list):
        return [*errors, "body.content is not a list"]
    for place, block in enumerate(blocks):
        errors += check_block(block, f"content[{place}]")
    return errors + _ids(blocks) + _stop(document, "body")


def check_error(document: Any) -> list[str]:
    """What is wrong with the body of an error, which is also the data of a stream's `error` event."""
    if not isinstance(document, dict) or document.get("type") != "error" or not isinstance(document.get("error"), dict):
        return [f"not an error object: {str(document)[:100]}"]
    return _fields(document["error"], {"type": str, "message": str}, "error", filled=("type",))


def check_block(block: Any, place: str) -> list[str]:
    """What is wrong with a whole content block."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return [f"{place} has no type"]
    kind = block["type"]
    errors = _fields(block, BLOCKS.get(kind, {}), place, filled=("id", "name", "tool_use_id"))
    if kind == "text" and not block.get("text") and not block.get("citations"):
        errors.append(f"{place} is an empty text block")
    if kind == "thinking" and not block.get("thinking") and not block.get("signature"):
        errors.append(f"{place} is an empty thinking block")
    if kind == "server_tool_use" and block.get("name") not in SERVER_TOOLS:
        errors.append(f"{place} calls {block.get('name')!r}, which is no tool of the API")
    if kind == "tool_use" and not CLIENT_ID.match(str(block.get("id"))):
        errors.append(f"{place}.id {block.get('id')!r} would be refused")
    if kind == "server_tool_use" and not SERVER_ID.match(str(block.get("id"))):
        errors.append(f"{place}.id {block.get('id')!r} would be refused")
    for citation in block.get("citations") or ():
        errors += check_citation(citation, place)
    content = block.get("content")
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict):
            errors += _fields(part, INSIDE.get(str(part.get("type")), {}), f"{place}.content")
    return errors


def check_citation(citation: Any, place: str) -> list[str]:
    """What is wrong with a source of a text block."""
    if not isinstance(citation, dict) or citation.get("type") not in CITATIONS:
        return [f"{place} has a citation of no kind: {str(citation)[:100]}"]
    return _fields(citation, CITATIONS[citation["type"]], f"{place}.citation")


class _Stream:
    """The state of a stream between its events."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.over = False
        self.begun = False
        self.ended = False
        self.blocks: list[dict[str, Any]] = []
        self.open: int | None = None
        self.pieces: list[str] = []
        self.signed = False

    def take(self, name: str, data: str) -> None:
        try:
            event = json.loads(data)
        except ValueError:
            return self.wrong(f"data is not JSON: {data[:80]!r}")
        if not isinstance(event, dict):
            return self.wrong(f"data is not an object: {data[:80]!r}")
        kind = event.get("type")
        if kind != name:
            self.wrong(f"the event {name!r} has the type {kind!r}")
        if self.over:
            return self.wrong(f"{kind} after the end")
        if kind not in _STREAM:
            return self.wrong(f"unknown event {kind!r}")
        if not self.begun and kind not in ("message_start", "ping", "error"):
            self.wrong(f"{kind} before message_start")
        if self.ended and kind not in ("message_stop", "ping", "error"):
            self.wrong(f"{kind} after message_delta")
        _STREAM[kind](self, event)
        return None

    def wrong(self, what: str) -> None:
        self.errors.append(what)

    def ping(self, event: dict[str, Any]) -> None:
        if set(event) != {"type"}:
            self.wrong(f"ping with {sorted(event)}")

    def message_start(self, event: dict[str, Any]) -> None:
        if self.begun:
            self.wrong("a second message_start")
        self.begun = True
        message = event.get("message")
        if not isinstance(message, dict):
            return self.wrong("message_start without message")
        self.errors += _message(message, "message_start.message")
        if message.get("content") != []:
            self.wrong("message_start.message.content is not []")
        if message.get("stop_reason", 0) is not None or message.get("stop_sequence", 0) is not None:
            self.wrong("message_start.message.stop_reason and stop_sequence must be null")
        return None

    def block_start(self, event: dict[str, Any]) -> None:
        if self.open is not None:
            self.wrong(f"a block starts while {self.open} is open")
        if event.get("index") != len(self.blocks):
            self.wrong(f"block {event.get('index')} where {len(self.blocks)} is due")
        block = event.get("content_block")
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            self.wrong("content_block_start without a typed content_block")
            block = {"type": ""}
        kind = block["type"]
        if kind in EMPTY and block.get(EMPTY[kind][0]) != EMPTY[kind][1]:
            self.wrong(f"{kind} block does not start empty")
        self.blocks.append(dict(block))
        self.open, self.pieces, self.signed = len(self.blocks) - 1, [], False

    def block_delta(self, event: dict[str, Any]) -> None:
        if self.open is None or event.get("index") != self.open:
            return self.wrong(f"a delta of block {event.get('index')} while {self.open} is open")
        block, delta = self.blocks[self.open], event.get("delta")
        kind = delta.get("type") if isinstance(delta, dict) else None
        field = DELTAS.get(block["type"], {}).get(str(kind))
        if field is None or not isinstance(delta, dict):
            return self.wrong(f"{kind} in a block of type {block['type']}")
        value = delta.get(field)
        if kind == "citations_delta":
            self.errors += check_citation(value, "citations_delta")
            block["citations"] = [*(block.get("citations") or []), value]
        elif not isinstance(value, str):
            self.wrong(f"{kind}.{field} is {value!r}")
        else:
            self.piece(block, str(kind), field, value)
        return None

    def piece(self, block: dict[str, Any], kind: str, field: str, value: str) -> None:
        if self.signed:
            self.wrong(f"{kind} after signature_delta")
        if kind == "input_json_delta":
            self.pieces.append(value)
        elif kind == "signature_delta":
            self.signed = True
            block[field] = value
        else:
            block[field] = (block.get(field) or "") + value

    def block_stop(self, event: dict[str, Any]) -> None:
        if self.open is None or event.get("index") != self.open:
            return self.wrong(f"block {event.get('index')} stops while {self.open} is open")
        if "".join(self.pieces):
            try:
                self.blocks[self.open]["input"] = json.loads("".join(self.pieces))
            except ValueError:
                self.blocks[self.open]["input"] = None
        self.open = None
        return None

    def message_delta(self, event: dict[str, Any]) -> None:
        self.ended = True
        if self.open is not None:
            self.wrong("message_delta while a block is open")
        delta, usage = event.get("delta"), event.get("usage")
        if not isinstance(delta, dict) or "stop_sequence" not in delta:
            return self.wrong("message_delta without delta.stop_reason and delta.stop_sequence")
        if not isinstance(usage, dict) or "output_tokens" not in usage:
            self.wrong("message_delta without usage.output_tokens")
        self.errors += _counts(usage, "message_delta.usage")
        document = {**delta, "content": self.blocks}
        self.errors += _stop(document, "message_delta")
        for place, block in enumerate(self.blocks):
            cut = block["type"] == "tool_use" and block.get("input") is None
            if cut and delta.get("stop_reason") in CUT_SHORT and place == len(self.blocks) - 1:
                continue
            self.errors += check_block(block, f"content[{place}]")
        self.errors += _ids(self.blocks)
        return None

    def message_stop(self, event: dict[str, Any]) -> None:
        self.over = True
        if not self.ended:
            self.wrong("message_stop without message_delta")

    def error(self, event: dict[str, Any]) -> None:
        self.over = True
        self.errors += check_error(event)


_STREAM = {
    "ping": _Stream.ping,
    "message_start": _Stream.message_start,
    "content_block_start": _Stream.block_start,
    "content_block_delta": _Stream.block_delta,
    "content_block_stop": _Stream.block_stop,
    "message_delta": _Stream.message_delta,
    "message_stop": _Stream.message_stop,
    "error": _Stream.error,
}


def frames(text: str) -> list[tuple[str, str]]:
    """Names and data of the events of a stream, which must be framed as the API frames them."""
    found: list[tuple[str, str]] = []
    for part in text.split("\n\n"):
        if not part or part.startswith(":"):
            continue
        lines = part.split("\n")
        fields = dict(line.partition(": ")[::2] for line in lines)
        found.append((fields.get("event", ""), fields.get("data", "")) if len(lines) == 2 else ("", part))
    if text and not text.endswith("\n\n"):
        found.append(("", "the last event has no blank line"))
    return found


def _message(message: dict[str, Any], place: str) -> list[str]:
    expected: dict[str, type | tuple[type, ...]] = {"id": str, "model": str, "usage": dict}
    errors = _fields(message, expected, place, filled=("id", "model"))
    for name, value in (("type", "message"), ("role", "assistant")):
        if message.get(name) != value:
            errors.append(f"{place}.{name} is {message.get(name)!r}")
    usage = message.get("usage") or {}
    errors += [f"{place}.usage.{name} is missing" for name in COUNTS[:2] if name not in usage]
    if usage.get("service_tier") not in (None, "standard", "priority", "batch"):
        errors.append(f"{place}.usage.service_tier is {usage['service_tier']!r}")
    return errors + _counts(usage, f"{place}.usage")


def _counts(usage: Any, place: str) -> list[str]:
    if not isinstance(usage, dict):
        return [f"{place} is not an object"]
    counts = {name: usage[name] for name in COUNTS if name in usage}
    for group in ("cache_creation", "output_tokens_details"):
        counts |= usage.get(group) or {}
    return [f"{place}.{name} is {count!r}" for name, count in counts.items() if type(count) is not int or count < 0]


def _stop(message: dict[str, Any], place: str) -> list[str]:
    reason, sequence = message.get("stop_reason"), message.get("stop_sequence")
    errors = [] if reason in STOP_REASONS else [f"{place}.stop_reason is {reason!r}"]
    if sequence is not None and (not isinstance(sequence, str) or reason != "stop_sequence"):
        errors.append(f"{place}.stop_sequence is {sequence!r} where the reason is {reason!r}")
    if reason == "end_turn" and any(block.get("type") == "tool_use" for block in message["content"]):
        errors.append(f"{place}.stop_reason is end_turn in spite of calls, so that agents stop")
    return errors


def _ids(blocks: list[Any]) -> list[str]:
    ids = [str(block["id"]) for block in blocks if isinstance(block, dict) and block.get("id")]
    return [f"two blocks have the id {id!r}" for id in sorted({id for id in ids if ids.count(id) > 1})]


def _fields(holder: dict[str, Any], expected: dict[str, Any], place: str, filled: tuple[str, ...] = ()) -> list[str]:
    errors: list[str] = []
    for name, types in expected.items():
        value = holder.get(name, _MISSING)
        if value is _MISSING or not isinstance(value, types) or (types is int and isinstance(value, bool)):
            errors.append(f"{place}.{name} is {'missing' if value is _MISSING else repr(value)[:60]}")
        elif name in filled and not value:
            errors.append(f"{place}.{name} is empty")
    return errors


_MISSING = object()
