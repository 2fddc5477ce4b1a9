"""A client of one format, a provider of another: how a test asks, and what it reads in the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, GEMINI, Dialect
from tests.support.grammar import anthropic, gemini, openai_chat
from tests.support.http import Header, Response
from tests.support.provider_answers import body_of, stream_of
from tests.support.replies import json_reply, stream
from tests.support.sse import events
from tests.support.upstream import Script, Upstream

CLIENTS = {dialect.name: dialect for dialect in DIALECTS}
PAIRS = [(client, provider) for client in CLIENTS for provider in CLIENTS if client != provider]
"""Names of client and provider format."""
PATHS = {
    "anthropic": (b"/v1/messages", b"/v1/messages"),
    "openai": (b"/v1/chat/completions", b"/v1/chat/completions"),
    "openai_responses": (b"/v1/responses", b"/v1/responses"),
    "gemini": (b"/v1beta/models/m-1:generateContent", b"/v1beta/models/m-1:streamGenerateContent?alt=sse"),
}
"""Where a provider is asked for an answer, buffered and streamed."""
GRAMMARS = {"anthropic": anthropic, "openai": openai_chat, "gemini": gemini}
"""Checkers of what clients get."""


def ask_across(
    daemon: Daemon,
    client: str,
    provider: str,
    members: dict[str, Any] | None = None,
    *,
    stream: bool = False,
    headers: Iterable[Header] = (),
) -> Response:
    """Sends a client's request to a provider. `members` are laid over a minimal request."""
    dialect = CLIENTS[client]
    return daemon.ask(
        "POST",
        dialect.target(stream=stream),
        [dialect.key(provider), *headers],
        document(dialect, members, stream=stream),
    )


def document(dialect: Dialect, members: dict[str, Any] | None = None, *, stream: bool = False) -> bytes:
    """A request body."""
    named: dict[str, Any] = {} if dialect is GEMINI else {"model": "m-1"} | ({"stream": True} if stream else {})
    return json.dumps(named | dialect.request | (members or {})).encode()


def answering(provider: str, pieces: Sequence[str] = ("Hello", " there"), end: str = "done", *, sse: bool) -> Script:
    """A provider that answers with text."""
    return stream(stream_of(provider, pieces, end)) if sse else json_reply(body_of(provider, "".join(pieces), end))


def received(upstream: Upstream) -> Any:
    """The body of the one request that the provider got."""
    (seen,) = upstream.requests
    return json.loads(seen.body)


@dataclass
class Reading:
    """What a client reads."""

    text: str
    stop: str | None
    usage: tuple[int, int] | None
    """Tokens in, cached ones too, and out."""


def read(client: str, response: Response) -> Reading:
    """An answer as a client of its format reads it; asserts that it is one."""
    assert response.status == 200, (response.status, response.body)
    assert response.complete
    if (response.field("content-type") or b"").startswith(b"text/event-stream"):
        return read_stream(client, response.body)
    checker = GRAMMARS.get(client)
    assert checker is None or checker.check_body(response.json()) == []
    return _READERS[client](response.json())


def read_stream(client: str, body: bytes) -> Reading:
    """The same of a stream."""
    checker = GRAMMARS.get(client)
    assert checker is None or checker.check_stream(body.decode()) == [], body
    found = [event.json() for event in events(body) if event.data != "[DONE]"]
    match client:
        case "anthropic":
            deltas = [event["delta"] for event in found if event["type"] == "content_block_delta"]
            last = next(event for event in found if event["type"] == "message_delta")
            usage = found[0]["message"]["usage"] | last["usage"]
            text = "".join(delta.get("text", "") for delta in deltas)
            return Reading(text, last["delta"]["stop_reason"], _anthropic_usage(usage))
        case "openai":
            assert body.endswith(b"data: [DONE]\n\n"), body
            choices = [choice for event in found for choice in event["choices"]]
            stop = next(choice["finish_reason"] for choice in choices if choice["finish_reason"])
            used = next((event["usage"] for event in found if event.get("usage")), None)
            text = "".join(choice["delta"].get("content") or "" for choice in choices)
            return Reading(text, stop, (used["prompt_tokens"], used["completion_tokens"]) if used else None)
        case "openai_responses":
            assert [event["sequence_number"] for event in found] == list(range(len(found)))
            text = "".join(event["delta"] for event in found if event["type"] == "response.output_text.delta")
            whole = _responses(found[-1]["response"])
            assert whole.text == text
            return whole
        case _:
            parts = [_gemini(event) for event in found if event.get("candidates")]
            return Reading("".join(each.text for each in parts), parts[-1].stop, _gemini(found[-1]).usage)


def _anthropic_usage(usage: dict[str, Any]) -> tuple[int, int]:
    cached = (usage.get("cache_read_input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    return usage["input_tokens"] + cached, usage["output_tokens"]


def _anthropic(body: Any) -> Reading:
    text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
    return Reading(text, body["stop_reason"], _anthropic_usage(body["usage"]))


def _chat(body: Any) -> Reading:
    (choice,) = body["choices"]
    usage = body["usage"]
    used = (usage["prompt_tokens"], usage["completion_tokens"])
    return Reading(choice["message"]["content"] or "", choice["finish_reason"], used)


def _responses(body: Any) -> Reading:
    contents = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in contents if part["type"] == "output_text")
    stop = (body["incomplete_details"] or {}).get("reason") or body["status"]
    return Reading(text, stop, (body["usage"]["input_tokens"], body["usage"]["output_tokens"]))


def _gemini(body: Any) -> Reading:
    (candidate,) = body["candidates"]
    parts = candidate.get("content", {}).get("parts", [])
    usage = body.get("usageMetadata")
    out = usage and usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    return Reading(text, candidate.get("finishReason"), (usage["promptTokenCount"], out) if usage else None)


_READERS = {"anthropic": _anthropic, "openai": _chat, "openai_responses": _responses, "gemini": _gemini}
