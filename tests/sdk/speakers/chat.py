"""The openai SDK on Chat Completions."""

from __future__ import annotations

import base64
import json
from typing import Any, Self

import openai

from tests.sdk.speakers.question import KEYS, TIMEOUT, TOOLS, Call, Question, Said, Used

ERRORS: dict[int, type[Exception]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
    529: openai.InternalServerError,
}


class OpenAI:
    """What both of OpenAI's formats have in common."""

    errors = ERRORS
    broken = openai.APIError

    def __init__(self, url: str) -> None:
        self._client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _for(self, provider: str) -> openai.OpenAI:
        return self._client.with_options(api_key=KEYS[provider])

    def told(self, error: Any) -> tuple[str, str, Any]:
        return error.body["message"], error.body["type"], error.response.headers


def data_uri(kind: str, data: bytes) -> str:
    """RFC 2397."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


class ChatSpeaker(OpenAI):
    """Implements `Speaker`."""

    def request(self, question: Question) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": question.text}]
        if question.media:
            uri = data_uri(*question.media)
            image = {"type": "image_url", "image_url": {"url": uri}}
            file = {"type": "file", "file": {"filename": "a.pdf", "file_data": uri}}
            content.insert(0, image if question.media[0].startswith("image/") else file)
        turns: list[dict[str, Any]] = [
            {"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(question.before)
        ]
        system = [{"role": "system", "content": question.system}] if question.system else []
        request: dict[str, Any] = {
            "model": question.model,
            "max_completion_tokens": question.limit,
            "messages": [*system, *turns, {"role": "user", "content": content}],
        }
        if question.tools:
            functions = [
                {"name": tool.name, "description": tool.description, "parameters": tool.schema} for tool in TOOLS
            ]
            request["tools"] = [{"type": "function", "function": function} for function in functions]
        if question.choice in ("none", "required"):
            request["tool_choice"] = question.choice
        elif question.choice:
            request["tool_choice"] = {"type": "function", "function": {"name": question.choice}}
        if question.think:
            request["reasoning_effort"] = "medium"
        if question.stops:
            request["stop"] = list(question.stops)
        if question.output:
            request["response_format"] = question.output
        return request

    def go_on(
        self, request: dict[str, Any], said: Said, results: list[tuple[Call, str]] | tuple[()] = (), text: str = ""
    ) -> dict[str, Any]:
        brought = [{"role": "tool", "tool_call_id": call.id, "content": text} for call, text in results]
        brought += [{"role": "user", "content": text}] if text else []
        return request | {"messages": [*request["messages"], said.native.choices[0].message, *brought]}

    def ask(self, provider: str, request: dict[str, Any]) -> Said:
        completions = self._for(provider).chat.completions
        return self._read((completions.parse if "response_format" in request else completions.create)(**request))

    def stream(self, provider: str, request: dict[str, Any], heard: list[str]) -> Said:
        options = {"stream_options": {"include_usage": True}}
        with self._for(provider).chat.completions.stream(**request, **options) as stream:
            heard.extend(event.delta for event in stream if event.type == "content.delta" and event.delta)
            snapshot = stream.current_completion_snapshot
            # For an answer that ended early, the accumulator's last word is an exception.
            early = snapshot.choices[0].finish_reason in ("length", "content_filter")
            return self._read(snapshot if early else stream.get_final_completion(), len(heard))

    def leave(self, provider: str, request: dict[str, Any]) -> str:
        with self._for(provider).chat.completions.stream(**request) as stream:
            return next(event.delta for event in stream if event.type == "content.delta" and event.delta)

    def _read(self, completion: Any, pieces: int = 0) -> Said:
        assert completion.id.startswith("chatcmpl-")
        (choice,) = completion.choices
        message, usage = choice.message, completion.usage
        calls = [call for call in message.tool_calls or [] if call.type == "function"]
        return Said(
            completion,
            text=message.content or "",
            thoughts=getattr(message, "reasoning_content", None) or "",
            calls=[Call(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls],
            refusal=message.refusal or "",
            stop=choice.finish_reason,
            used=Used(
                usage.prompt_tokens,
                usage.prompt_tokens_details.cached_tokens,
                usage.completion_tokens,
                usage.completion_tokens_details.reasoning_tokens,
            ),
            parsed=getattr(message, "parsed", None),
            pieces=pieces,
        )
