"""The bodies of Anthropic's and OpenAI's formats, each as parts. Members are named as in the vendors' references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.flows.parts.blocks import block_of, blocks_in, text_block, text_in
from ccproxy.flows.parts.parts import AS_STRING, Block, Message, Parts, Tool, canonical, dicts, unmarked

INSTRUCTING = frozenset({"system", "developer"})
"""Roles of messages that are a system prompt where they come first."""
ASSISTANTS = frozenset({"function_call", "custom_tool_call", "reasoning"})
"""Items of Responses that the model said."""


def anthropic(document: dict[str, Any]) -> Parts:
    """https://docs.anthropic.com/en/api/messages."""
    system, rest = taken(document, "system", (str, list))
    messages, rest = taken(rest, "messages", (list,))
    tools, rest = taken(rest, "tools", (list,))
    blocks = blocks_in(system) or ()
    if isinstance(system, str):
        blocks = (with_marks(blocks[0]),)
    return Parts(WireFormat.ANTHROPIC, rest, blocks, tools_of(tools), tuple(map(message_of, messages or ())))


def chat(document: dict[str, Any]) -> Parts:
    """https://platform.openai.com/docs/api-reference/chat/create."""
    messages, rest = taken(document, "messages", (list,))
    tools, rest = taken(rest, "tools", (list,))
    system, others = instructions(messages or ())
    return Parts(WireFormat.OPENAI, rest, system, tools_of(tools), tuple(map(chat_message, others)))


def responses(document: dict[str, Any]) -> Parts:
    """https://platform.openai.com/docs/api-reference/responses/create."""
    told, rest = taken(document, "instructions", (str,))
    items, rest = taken(rest, "input", (str, list))
    tools, rest = taken(rest, "tools", (list,))
    if isinstance(items, str):
        message = Message("user", (text_block(items),), marks=(("input", "as a string"),))
        return Parts(WireFormat.OPENAI_RESPONSES, rest, spoken(told), tools_of(tools), (message,))
    system, others = instructions(items or ())
    return Parts(WireFormat.OPENAI_RESPONSES, rest, (*spoken(told), *system), tools_of(tools), tuple(map(item, others)))


def taken(document: dict[str, Any], name: str, types: tuple[type, ...]) -> tuple[Any, dict[str, Any]]:
    """A member, and the document without it; None and all of it if there is none of that type, or an empty list."""
    if not isinstance(document.get(name), types) or document[name] == []:
        return None, document
    return document[name], {key: value for key, value in document.items() if key != name}


def message_of(value: Any) -> Message:
    """A message with `role` and `content`."""
    if not isinstance(value, dict):
        return odd(value)
    blocks = blocks_in(value.get("content"))
    role = value.get("role")
    known = {"role": isinstance(role, str), "content": blocks is not None}
    rest = {name: member for name, member in value.items() if not known.get(name)}
    marks = (AS_STRING,) if isinstance(value.get("content"), str) else ()
    return Message(role if isinstance(role, str) else "", blocks or (), rest, marks)


def chat_message(value: Any) -> Message:
    """A message of Chat, whose calls and results have members of their own."""
    if not isinstance(value, dict) or value.get("role") == "tool":
        return result_message(value) if isinstance(value, dict) else odd(value)
    calls, others = taken(value, "tool_calls", (list,))
    thought, others = taken(others, "reasoning_content", (str,))
    message = message_of(others)
    thinking = [Block("thinking", thought, {"reasoning_content": thought})] if thought is not None else []
    blocks = (*thinking, *message.blocks, *map(block_of, calls or ()))
    return Message(message.role, blocks, message.rest, message.marks)


def result_message(value: dict[str, Any]) -> Message:
    """What a tool brought, in Chat."""
    rest = {name: member for name, member in value.items() if name != "role"}
    read = block_of({**rest, "type": "tool_result"})
    return Message("tool", (Block("tool_result", read.text, unmarked(rest)[0], read.name, read.id, read.marks),))


def item(value: Any) -> Message:
    """An item of a Responses input."""
    if not isinstance(value, dict) or "type" not in value or value["type"] == "message":
        return message_of(value)
    block = block_of(value)
    role = "assistant" if text_in(value, "type") in ASSISTANTS else "tool" if block.kind == "tool_result" else ""
    return Message(role, (block,))


def odd(value: Any) -> Message:
    """What stands where a message should."""
    return Message("", (Block("unknown", canonical(value), value),))


def instructions(messages: Sequence[Any]) -> tuple[tuple[Block, ...], Sequence[Any]]:
    """The system prompt at the head of messages, and those behind it."""
    count = 0
    while count < len(messages) and is_instruction(messages[count]):
        count += 1
    found = tuple(with_rest(message_block(each), {}) for each in messages[:count])
    return found, messages[count:]


def is_instruction(message: Any) -> bool:
    """Whether a message is a system prompt."""
    return (
        isinstance(message, dict)
        and text_in(message, "role") in INSTRUCTING
        and message.get("type") in (None, "message")
    )


def message_block(message: dict[str, Any]) -> Block:
    """A message as one block of a system prompt."""
    read = message_of(message)
    return Block("text", read.text, message)


def spoken(text: str | None) -> tuple[Block, ...]:
    """A system prompt that is text."""
    return () if text is None else (with_marks(text_block(text)),)


def with_marks(block: Block) -> Block:
    """A block that stood there as a string."""
    return Block(block.kind, block.text, block.value, marks=(AS_STRING,))


def with_rest(block: Block, rest: dict[str, Any]) -> Block:
    """A block of a system prompt with what its message says besides."""
    besides = {name: members for name, members in rest.items() if members}
    value = {"part": block.value, **besides} if besides else block.value
    return Block(block.kind, block.text, value, block.name, block.id, block.marks)


def tools_of(tools: Any) -> tuple[Tool, ...]:
    """Tools by the name that they have, or by their type."""
    return tuple(map(tool_of, tools or ()))


def tool_of(tool: Any) -> Tool:
    """A tool of Anthropic's or OpenAI's."""
    plain, marks = unmarked(tool)
    inner = plain if isinstance(plain, dict) else {}
    names = [inner.get("name"), *(each.get("name") for each in dicts([inner.get("function"), inner.get("custom")]))]
    name = next((each for each in [*names, inner.get("server_label"), inner.get("type")] if isinstance(each, str)), "?")
    return Tool(name, plain, marks)
