"""What a model said, in short, from the body of a recorded answer."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.table import Summary
from ccproxy.cli.words import visible

if TYPE_CHECKING:
    from ccproxy.lightllm.answer import Answer

MOST_LINES = 6
MARGIN = "  "


def answer_lines(flow: Summary, width: int) -> list[str]:
    """The answer's text in a few lines of `width`, and the tools it calls; nothing where there is no such answer."""
    answer = read(flow)
    if answer is None:
        return []
    lines = [line for block in answer.blocks for line in said(block, width)]
    return ["", *lines[:MOST_LINES], *([f"{MARGIN}…"] if len(lines) > MOST_LINES else [])] if lines else []


def read(flow: Summary) -> Answer | None:
    """The answer as the client got it; None if it cannot be read as one."""
    body = flow["bodies"]["client_response"]
    if not flow["format"] or flow["status"] != 200 or not body or body["encoding"] != "utf-8":
        return None
    from ccproxy.exchange import WireFormat
    from ccproxy.gateway.answer_in_words import streamed
    from ccproxy.lightllm.failures import Malformed
    from ccproxy.lightllm.translate import parsed, read_answer

    data, wire = body["text"].encode(), WireFormat(flow["format"])
    first = data[:64].lstrip()[:1]
    try:
        return read_answer(parsed(data), wire) if first == b"{" else streamed(data, wire)
    except Malformed:
        return None


def said(block: Any, width: int) -> list[str]:
    """A block in lines, none for what is not for reading."""
    from ccproxy.lightllm.answer import Refusal, Text, ToolCall

    match block:
        case Text() | Refusal():
            return wrapped(block.text, width)
        case ToolCall():
            call = click.style("calls", fg="cyan")
            return [f"{MARGIN}{call} {shortened(f'{block.name} {block.arguments}', width - 8)}"]
    return []


def wrapped(text: str, width: int) -> list[str]:
    """The text's lines, folded. A key whose parts came in several events is one only here."""
    from ccproxy.flows.secrets.places import without_keys

    text = without_keys(text.encode("utf-8", "replace")).decode()
    lines = [visible(line) for line in text.splitlines() if line.strip()]
    return [f"{MARGIN}{part}" for line in lines for part in textwrap.wrap(line, max(20, width - len(MARGIN)))]


def shortened(text: str, width: int) -> str:
    """The text on one line of at most `width` characters."""
    text = visible(" ".join(text.split()))
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"
