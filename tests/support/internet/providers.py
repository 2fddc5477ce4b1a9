"""The LLM providers of this internet: the simulator at the providers' own host names, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from ccproxy import simulator
from tests.support.internet.pages import Asked, Header, Reply

HOSTS = frozenset(
    {
        "api.anthropic.com",
        "api.openai.com",
        "chatgpt.com",
        "cloudcode-pa.googleapis.com",
        "generativelanguage.googleapis.com",
        "openrouter.ai",
    }
)
JSON: list[Header] = [(b"content-type", b"application/json")]
RESPONSES = b"/v1/responses"


def provided(asked: Asked) -> Reply | None:
    """A provider's answer; None from every other host."""
    if asked.host.partition(":")[0] not in HOSTS:
        return None
    fields = [(name, value) for name, value in asked.headers if not name.startswith(b":")]
    reply = simulator.respond(asked.method.decode(), asked.target, fields, asked.body)
    length = next((int(value) for name, value in reply.headers if name == b"content-length"), None)
    return Reply(reply.status, played(reply), length, [each for each in reply.headers if each[0] != b"content-length"])


async def played(reply: simulator.Reply) -> AsyncIterator[bytes]:
    """The steps of an answer in their times."""
    for step in reply.events:
        if step.delay:
            await asyncio.sleep(step.delay)
        if isinstance(step, simulator.Reset):
            raise ConnectionResetError
        if step.data:
            yield step.data


def spoken(message: bytes) -> Iterator[str]:
    """What a Responses WebSocket says to one `response.create`: the events of the stream, a message each."""
    request: dict[str, Any] = json.loads(message)
    request.pop("type", None)
    if request.pop("generate", True) is False:
        request["input"] = []  # a warm-up: no answer is wanted but that there is one
    body = json.dumps({**request, "stream": True}).encode()
    reply = simulator.respond("POST", RESPONSES, JSON, body)
    for line in reply.body.split(b"\n"):
        if line.startswith(b"data: {"):
            yield line.removeprefix(b"data: ").decode()
