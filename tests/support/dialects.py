"""The four wire formats as tests see them: where requests go, what they look like, and how errors must look."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.http import Header, Response
from tests.support.sse import Event, events

SENTINEL = "sk-ant-oat-ccproxy-"


@dataclass(frozen=True)
class Dialect:
    """One wire format. `name` is the provider type, and the name of the provider the tests configure for it."""

    name: str
    path: str
    """Where a buffered request goes; `MODEL` stands for the model."""
    stream_path: str
    key_field: bytes
    key_prefix: str
    request: dict[str, Any]
    """A minimal request, without model and stream."""
    stream_piece: bytes
    """One event that neither begins an answer nor ends one: a stream of such events is not judged by its end."""
    check_error: Callable[[Any, int | None], str]
    check_stream_error: Callable[[list[Event]], str]

    def key(self, provider: str | None = None) -> Header:
        """The credential field with the sentinel of a provider, by default the one of this format."""
        return self.key_field, f"{self.key_prefix}{SENTINEL}{provider or self.name}".encode()

    def target(self, model: str = "m-1", *, stream: bool = False) -> str:
        """The request-target."""
        return (self.stream_path if stream else self.path).replace("MODEL", model)

    def body(self, model: str = "m-1", *, stream: bool = False) -> bytes:
        """A request body, spaced in a way no serialiser would produce."""
        named = {} if "MODEL" in self.path else {"model": model} | ({"stream": True} if stream else {})
        return json.dumps(named | self.request, separators=(" ,", " : ")).encode()

    def error(self, response: Response, status: int) -> str:
        """Asserts that this is an error of this format with this status; returns its message."""
        assert response.status == status, (response.status, response.body[:500])
        assert (response.field("content-type") or b"").startswith(b"application/json"), response.headers
        return self.check_error(response.json(), status)

    def stream_error(self, body: bytes) -> str:
        """Asserts that a stream ends with an error event of this format; returns its message."""
        found = events(body)
        assert found, body
        return self.check_stream_error(found)


def _anthropic(value: Any, status: int | None) -> str:
    assert value["type"] == "error", value
    assert isinstance(value["error"]["type"], str), value
    return str(value["error"]["message"])


def _anthropic_stream(found: list[Event]) -> str:
    assert found[-1].name == "error", found[-1]
    return _anthropic(found[-1].json(), None)


def _openai(value: Any, status: int | None) -> str:
    assert set(value["error"]) >= {"message", "type", "code", "param"}, value
    assert isinstance(value["error"]["type"], str), value
    return str(value["error"]["message"])


def _openai_stream(found: list[Event]) -> str:
    assert all(event.data != "[DONE]" for event in found), found[-2:]
    return str(found[-1].json()["error"]["message"])


def _responses_stream(found: list[Event]) -> str:
    last = found[-1].json()
    assert (found[-1].name, last["type"]) == ("response.failed", "response.failed"), found[-1]
    assert last["response"]["status"] == "failed", last
    return str(last["response"]["error"]["message"])


def _google(value: Any, status: int | None) -> str:
    error = value["error"]
    assert isinstance(error["code"], int), value
    assert status is None or error["code"] == status, value
    assert isinstance(error["status"], str), value
    assert error["status"].isupper(), value
    return str(error["message"])


def _google_stream(found: list[Event]) -> str:
    return _google(found[-1].json(), None)


ANTHROPIC = Dialect(
    "anthropic",
    "/v1/messages",
    "/v1/messages",
    b"x-api-key",
    "",
    {"max_tokens": 64, "messages": [{"role": "user", "content": "hé"}]},
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"hi"}}\n\n',
    _anthropic,
    _anthropic_stream,
)
OPENAI = Dialect(
    "openai",
    "/v1/chat/completions",
    "/v1/chat/completions",
    b"Authorization",
    "Bearer ",
    {"messages": [{"role": "user", "content": "hé"}]},
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n',
    _openai,
    _openai_stream,
)
RESPONSES = Dialect(
    "openai_responses",
    "/v1/responses",
    "/v1/responses",
    b"Authorization",
    "Bearer ",
    {"input": "hé"},
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,'
    b'"item_id":"m","output_index":0,"content_index":0,"delta":"hi"}\n\n',
    _openai,
    _responses_stream,
)
GEMINI = Dialect(
    "gemini",
    "/v1beta/models/MODEL:generateContent",
    "/v1beta/models/MODEL:streamGenerateContent?alt=sse",
    b"x-goog-api-key",
    "",
    {"contents": [{"role": "user", "parts": [{"text": "hé"}]}]},
    b'data: {"modelVersion":"hi","responseId":"r"}\n\n',
    _google,
    _google_stream,
)
DIALECTS = (ANTHROPIC, OPENAI, RESPONSES, GEMINI)
