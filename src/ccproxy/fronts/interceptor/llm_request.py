"""A request to a model, in any of the four formats, as text for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.flows.parts.parts import Block, Tool, parts_of

type Section = tuple[str, str]
"""A heading and what stands below it."""

SCHEMAS = ("input_schema", "parameters", "parametersJsonSchema", "parameters_json_schema")
"""What a tool takes, in the formats' words."""
WITHHELD = "redacted_thinking"


def request_in_words(document: Any, wire: WireFormat | None) -> list[Section]:
    """The settings, the tools, the system prompt and the turns; nothing if it is no request to a model."""
    parts = parts_of(document, wire)
    if parts is None or not (parts.messages or parts.system):
        return []
    settings = "\n".join(f"{name}: {_plain(value)}" for name, value in parts.parameters.items())
    tools = "\n".join(map(_tool, parts.tools))
    turns = (section for each in parts.messages for section in _said(each.role, each.blocks))
    return [
        ("request", settings),
        *([(f"tools ({len(parts.tools)})", tools)] if tools else []),
        *_said("system", parts.system),
        *turns,
    ]


def _tool(tool: Tool) -> str:
    value = tool.value if isinstance(tool.value, dict) else {}
    inner = value.get("function")
    told = inner if isinstance(inner, dict) else value
    schema = next((told[name] for name in SCHEMAS if name in told), None)
    names = schema.get("properties") if isinstance(schema, dict) else None
    description = str(told.get("description") or "").strip().partition("\n")[0]
    takes = f"({', '.join(names)})" if isinstance(names, dict) else ""
    return f"{tool.name}{takes}{f': {description}' if description else ''}"


def _said(role: str, blocks: Iterable[Block]) -> Iterator[Section]:
    for block in blocks:
        what = HEADINGS[block.kind](block) if block.kind in HEADINGS else block.kind
        yield ": ".join(filter(None, [role, what])), _text(block)


def _text(block: Block) -> str:
    if isinstance(block.value, dict) and block.value.get("type") == WITHHELD:
        return "(withheld by the provider)"
    return block.text


def _call(block: Block) -> str:
    return f"calls {block.name or 'a tool'}{f' ({block.id})' if block.id else ''}"


HEADINGS: dict[str, Callable[[Block], str]] = {
    "text": lambda block: "",
    "tool_use": _call,
    "tool_result": lambda block: f"result of {block.id or block.name or 'a tool'}",
}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
