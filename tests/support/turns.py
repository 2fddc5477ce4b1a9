"""Turns of made-up conversations as a client sends them, in the four formats, with the answers they got."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, WireFormat

NUMBERS = count(1)
MAIN, HELPER = "You help with everything that is asked of you.", "You look after one task and report."
TOOLS = [{"name": "Task", "input_schema": {"type": "object"}}, {"name": "Read", "input_schema": {"type": "object"}}]
PATHS = {
    WireFormat.ANTHROPIC: b"/v1/messages",
    WireFormat.OPENAI: b"/v1/chat/completions",
    WireFormat.OPENAI_RESPONSES: b"/v1/responses",
    WireFormat.GEMINI: b"/v1beta/models/m:generateContent",
}


def exchange(
    format: WireFormat, body: Any, answer: Any = None, *, session: str | None = "s1", status: int = 200, **facts: Any
) -> Exchange:
    """A finished flow; flows come one after the other, a second apart."""
    number = next(NUMBERS)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = HttpRequest("POST", facts.pop("target", PATHS[format]), [(b"user-agent", b"made-up/1.0")], data)
    made = Exchange(request, id=f"{number:08x}-flow", format=format, session=session, **facts)
    chunks = [answer if isinstance(answer, bytes) else json.dumps(answer).encode()] if answer is not None else []
    made.response = made.provider_response = HttpResponse(status, [], chunks=chunks, complete=True)
    made.timings.started = 1_700_000_000.0 + number
    made.timings.finished = made.timings.started + 0.5
    return made


def ask(
    messages: Sequence[Any], answer: Any = None, *, system: str = MAIN, tools: Any = TOOLS, **more: Any
) -> Exchange:
    """A request of the Messages API; `answer` is its text, or its blocks."""
    blocks = [{"type": "text", "text": answer}] if isinstance(answer, str) else answer
    body = {"model": "m", "messages": list(messages), "system": [{"type": "text", "text": system}], "tools": tools}
    told = {"role": "assistant", "content": blocks, "usage": {"input_tokens": 10, "output_tokens": 2}}
    return exchange(WireFormat.ANTHROPIC, body | more.pop("body", {}), told if blocks else None, **more)


def user(text: str) -> dict[str, Any]:
    """What a user says."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def model(text: str) -> dict[str, Any]:
    """What a model said."""
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def task(prompt: str) -> dict[str, Any]:
    """A call that starts a sub-agent."""
    return {"type": "tool_use", "id": f"call_{next(NUMBERS)}", "name": "Task", "input": {"prompt": prompt}}
