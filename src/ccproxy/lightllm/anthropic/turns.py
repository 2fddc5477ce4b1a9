"""What the API demands of a conversation, for conversations that other formats allowed.

The results of a turn's calls stand first in the very next message, each call has one, ids are unique; the first turn
is the user's. Source: platform.claude.com, "Handle tool calls", and the API's error messages.
"""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.anthropic.models import Traits
from ccproxy.lightllm.drops import Drops

type Block = dict[str, Any]

PLACEHOLDER = "."
"""The text of a turn that must be there and has none. White space is refused."""

NO_RESULT = "no result"


def settle(messages: list[Block], model: Traits, drops: Drops) -> list[Block]:
    """Turns as the API takes them. No two neighbours of `messages` have the same role."""
    answers = _take_results(messages, drops)
    settled: list[Block] = []
    for index, message in enumerate(messages):
        if message["role"] == "user":
            if message["content"]:
                _join(settled, message)
            continue
        settled.append(message)
        calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        if calls and (index + 1 < len(messages) or not model.prefill):
            settled.append({"role": "user", "content": [answers.get(id) or _no_result(id) for id in calls]})
    return _with_ends(settled, model)


def _take_results(messages: list[Block], drops: Drops) -> dict[str, Block]:
    """Takes the results out of the messages, by the ids of their calls, which it makes unique."""
    answers: dict[str, Block] = {}
    pending: dict[str, str] = {}
    used: dict[str, int] = {}
    for message in messages:
        if message["role"] == "assistant":
            _name_calls(message["content"], pending, used)
            continue
        kept: list[Block] = []
        for block in message["content"]:
            if block["type"] != "tool_result":
                kept.append(block)
                continue
            id = pending.pop(block["tool_use_id"], None)
            if id is None:
                drops.add("unmatched_result")
                kept += _as_content(block)
            else:
                answers[id] = {**block, "tool_use_id": id}
        message["content"] = kept
    return answers


def _name_calls(blocks: list[Block], pending: dict[str, str], used: dict[str, int]) -> None:
    for block in blocks:
        if block["type"] == "tool_use":
            given = id = block["id"]
            while id in used:
                used[given] += 1
                id = f"{given}_{used[given]}"
            used[id] = 1
            block["id"] = pending[given] = id


def _as_content(result: Block) -> list[Block]:
    content: list[Block] = result.get("content", [])
    return content


def _no_result(id: str) -> Block:
    return {"type": "tool_result", "tool_use_id": id, "content": NO_RESULT, "is_error": True}


def _join(settled: list[Block], message: Block) -> None:
    if settled and settled[-1]["role"] == "user":
        settled[-1]["content"] += message["content"]
    else:
        settled.append(message)


def _with_ends(messages: list[Block], model: Traits) -> list[Block]:
    """The user's turn first, and last where the model does not go on with the assistant's."""
    placeholder = {"role": "user", "content": [{"type": "text", "text": PLACEHOLDER}]}
    if not messages or messages[0]["role"] != "user":
        messages.insert(0, placeholder)
    last = messages[-1]
    if last["role"] == "assistant":
        if not model.prefill:
            messages.append(placeholder)
        elif last["content"][-1]["type"] == "text":  # the API refuses white space at the very end
            block = last["content"][-1]
            last["content"][-1] = {**block, "text": block["text"].rstrip()}
    return messages
