"""Messages in a form in which two that say the same are the same, whatever marks and ids the client put on them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

DIGEST_BYTES = 16
TOO_DEEP = b"too deep"
"""In place of a message that nobody would write."""
MARKS = frozenset({
    "cache_control", "id", "tool_use_id", "call_id", "tool_call_id", "status",
    "signature", "thoughtSignature", "thought_signature", "encrypted_content",
})  # fmt: skip
"""Members that come, go or change from turn to turn while the message is the same."""
THOUGHTS = ("thinking", "redacted_thinking", "reasoning")
"""Types of blocks that a client may leave out of the next turn."""
TEXTS = ("text", "input_text", "output_text")
INSTRUCTING = ("system", "developer")
"""Roles of messages that are no part of what is said: they move and change."""
CONTENTS = ("content", "parts", "output")


def link(before: bytes, message: Any) -> bytes:
    """The digest of a conversation with one more message; `before` itself for what is none."""
    if isinstance(message, str):
        message = {"role": "user", "content": message}
    if not isinstance(message, dict) or message.get("role") in INSTRUCTING or message.get("type") in THOUGHTS:
        return before
    try:
        said = orjson.dumps(canonical(message), option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):  # orjson reads 1024 levels and writes 254
        said = TOO_DEEP
    return blake2b(before + said, digest_size=DIGEST_BYTES).digest()


def canonical(value: Any) -> Any:
    """JSON without marks, thoughts and what is empty; a text is a block of text."""
    if isinstance(value, list):
        return [canonical(each) for each in value if not is_thought(each)]
    if not isinstance(value, dict):
        return value
    if value.get("type") in TEXTS and isinstance(value.get("text"), str):
        return {"text": value["text"]}
    return {
        name: [{"text": member}] if name in CONTENTS and isinstance(member, str) else canonical(member)
        for name, member in value.items()
        if name not in MARKS and member not in (None, "", [], {}) and not (name == "type" and member == "message")
    }


def is_thought(block: Any) -> bool:
    """Whether a block holds what a model thought."""
    return isinstance(block, dict) and (block.get("type") in THOUGHTS or block.get("thought") is True)
