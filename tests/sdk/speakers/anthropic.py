"""The anthropic SDK."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import anthropic

from tests.sdk.speakers.question import KEYS, TIMEOUT, TOOLS, Call, Question, Said, Used


class AnthropicSpeaker:
    """Implements `Speaker`."""

    broken = anthropic.APIStatusError
    errors: ClassVar[Mapping[int, type[Exception]]] = {
        400: anthropic.BadRequestError,
        401: anthropic.AuthenticationError,
        403: anthropic.PermissionDeniedError,
        404: anthropic.NotFoundError,
        429: anthropic.RateLimitError,
        500: anthropic.InternalServerError,
        502: anthropic.InternalServerError,
        503: anthropic.InternalServerError,
        529: anthropic.InternalServerError,
    }

    def __init__(self, url: str) -> None:
        self._client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(self, question: Question) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": question.text}]
        if question.media:
            kind, data = question.media
            source = {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}
            content.insert(0, {"type": "image" if kind.startswith("image/") else "document", "source": source})
        turns: list[dict[str, Any]] = [
            {"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(question.before)
        ]
        request: dict[str, Any] = {
            "model": question.model,
            "max_tokens": question.limit,
            "messages": [*turns, {"role": "user", "content": content}],
        }
        if question.system:
            request["system"] = question.system
        if question.tools:
            request["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in TOOLS
            ]
        if question.choice:
            kind = {"none": "none", "required": "any"}.get(question.choice, "tool")
            request["tool_choice"] = {"type": kind} | ({"name": question.choice} if kind == "tool" else {})
        if question.think:
            request["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if question.stops:
            request["stop_sequences"] = list(question.stops)
        if question.output:
            request["output_format"] = question.output
        return request

    def go_on(
        self, request: dict[str, Any], said: Said, results: list[tuple[Call, str]] | tuple[()] = (), text: str = ""
    ) -> dict[str, Any]:
        brought = [{"type": "tool_result", "tool_use_id": call.id, "content": text} for call, text in results]
        brought += [{"type": "text", "text": text}] if text else []
        turns = [{"role": "assistant", "content": said.native.content}, {"role": "user", "content": brought}]
        return request | {"messages": [*request["messages"], *turns]}

    def ask(self, provider: str, request: dict[str, Any]) -> Said:
        messages = self._for(provider).messages
        return self._read((messages.parse if "output_format" in request else messages.create)(**request))

    def stream(self, provider: str, request: dict[str, Any], heard: list[str]) -> Said:
        with self._for(provider).messages.stream(**request) as stream:
            heard.extend(stream.text_stream)
            final = stream.get_final_message()
        return self._read(final, len(heard))

    def leave(self, provider: str, request: dict[str, Any]) -> str:
        with self._for(provider).messages.stream(**request) as stream:
            return next(iter(stream.text_stream))

    def told(self, error: Any) -> tuple[str, str, Any]:
        inner = error.body["error"]
        return inner["message"], inner["type"], error.response.headers

    def _for(self, provider: str) -> anthropic.Anthropic:
        return self._client.with_options(api_key=KEYS[provider])

    def _read(self, message: Any, pieces: int = 0) -> Said:
        assert (message.type, message.role) == ("message", "assistant")
        assert message.id.startswith("msg_")
        blocks, usage = message.content, message.usage
        read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        details = usage.output_tokens_details
        return Said(
            message,
            text="".join(block.text for block in blocks if block.type == "text"),
            thoughts="".join(block.thinking for block in blocks if block.type == "thinking"),
            calls=[Call(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"],
            stop=message.stop_reason,
            used=Used(
                usage.input_tokens + read + written,
                read,
                usage.output_tokens,
                details.thinking_tokens if details else None,
            ),
            parsed=getattr(message, "parsed_output", None),
            pieces=pieces,
        )
