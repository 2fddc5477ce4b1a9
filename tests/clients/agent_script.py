"""A provider for Claude Code that says what a test wants: calls of tools by marks in the user's own words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from tests.support.replies import json_reply, stream
from tests.support.upstream import Recorded, Script, Step

AGENT_TOOLS = ("Agent", "Task")
"""What Claude Code has called the tool that starts a sub-agent."""
NUMBERS = count(1)
SUMMARY = """<analysis>
Let us see what there was.
</analysis>
<summary>
The user had somebody look at a note.
Nothing is left to do about it.
</summary>"""


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A call of a tool."""
    return {"type": "tool_use", "id": f"toolu_{next(NUMBERS):024}", "name": name, "input": arguments}


def answer(request: Recorded, model: str, *blocks: dict[str, Any]) -> Iterable[Step]:
    """These blocks as a stream of the Messages API."""
    return stream([event(each) for each in events(model, blocks)])(request)


def event(value: dict[str, Any]) -> bytes:
    """A server-sent event with its type for a name."""
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def events(model: str, blocks: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """What a Messages stream consists of (https://docs.anthropic.com/en/docs/build-with-claude/streaming)."""
    usage = {"input_tokens": 100, "output_tokens": 1}
    head = {"id": f"msg_{next(NUMBERS):024}", "type": "message", "role": "assistant", "model": model, "content": []}
    yield {"type": "message_start", "message": {**head, "stop_reason": None, "stop_sequence": None, "usage": usage}}
    for at, block in enumerate(blocks):
        is_text = block["type"] == "text"
        start = block | ({"text": ""} if is_text else {"input": {}})
        delta = {"type": "text_delta", "text": block["text"]} if is_text else partial(block)
        yield {"type": "content_block_start", "index": at, "content_block": start}
        yield {"type": "content_block_delta", "index": at, "delta": delta}
        yield {"type": "content_block_stop", "index": at}
    reason = "tool_use" if any(each["type"] == "tool_use" for each in blocks) else "end_turn"
    last = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": last, "usage": {"output_tokens": 20}}
    yield {"type": "message_stop"}


def partial(block: dict[str, Any]) -> dict[str, Any]:
    """A call's arguments in one piece."""
    return {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}


def words_of(message: dict[str, Any]) -> str:
    """All text of a message, results of tools apart."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def has_result(message: dict[str, Any]) -> bool:
    """Whether a message brings the result of a tool."""
    return isinstance(message["content"], list) and any(each["type"] == "tool_result" for each in message["content"])


def scripted(request: Recorded) -> Iterable[Step]:
    """A user who says DELEGATE gets a sub-agent, one who says LOOK a file read; who wants a summary has it."""
    if request.method != "POST" or not request.target.startswith(b"/v1/messages?"):
        return json_reply({"input_tokens": 100} if b"count_tokens" in request.target else {})(request)
    asked = json.loads(request.body)
    model, last = asked["model"], [each for each in asked["messages"] if each["role"] == "user"][-1]
    if has_result(last):
        return answer(request, model, text("It is done."))
    said, tools = words_of(last), {tool["name"] for tool in asked.get("tools", ())}
    if "DELEGATE" in said and (agent := next((name for name in AGENT_TOOLS if name in tools), None)):
        order = {"description": "look at a note", "prompt": "LOOK at the note.", "subagent_type": "general-purpose"}
        return answer(request, model, text("Somebody else will."), call(agent, **order))
    if "LOOK" in said and "Read" in tools:
        return answer(request, model, call("Read", file_path="/etc/hostname"))
    return answer(request, model, text(SUMMARY if "<summary>" in said else "Very well."))


SCRIPT: Script = scripted
