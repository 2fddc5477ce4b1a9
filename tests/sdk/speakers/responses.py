"""The openai SDK on Responses."""

from __future__ import annotations

import json
from typing import Any

from tests.sdk.speakers.chat import OpenAI, data_uri
from tests.sdk.speakers.question import TOOLS, Call, Failed, Question, Said, Used

DELTA = "response.output_text.delta"


class ResponsesSpeaker(OpenAI):
    """Implements `Speaker`."""

    def request(self, question: Question) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "input_text", "text": question.text}]
        if question.media:
            uri = data_uri(*question.media)
            image = {"type": "input_image", "image_url": uri, "detail": "auto"}
            file = {"type": "input_file", "filename": "a.pdf", "file_data": uri}
            content.insert(0, image if question.media[0].startswith("image/") else file)
        turns: list[dict[str, Any]] = [
            {"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(question.before)
        ]
        request: dict[str, Any] = {
            "model": question.model,
            "max_output_tokens": question.limit,
            "input": [*turns, {"role": "user", "content": content}],
        }
        if question.system:
            request["instructions"] = question.system
        if question.tools:
            functions = [
                {"name": tool.name, "description": tool.description, "parameters": tool.schema} for tool in TOOLS
            ]
            request["tools"] = [{"type": "function", **function, "strict": False} for function in functions]
        if question.choice in ("none", "required"):
            request["tool_choice"] = question.choice
        elif question.choice:
            request["tool_choice"] = {"type": "function", "name": question.choice}
        if question.think:
            request["reasoning"] = {"effort": "medium", "summary": "auto"}
            request["include"] = ["reasoning.encrypted_content"]
        if question.output:
            request["text_format"] = question.output
        return request

    def go_on(
        self, request: dict[str, Any], said: Said, results: list[tuple[Call, str]] | tuple[()] = (), text: str = ""
    ) -> dict[str, Any]:
        brought = [{"type": "function_call_output", "call_id": call.id, "output": text} for call, text in results]
        brought += [{"role": "user", "content": text}] if text else []
        return request | {"input": [*request["input"], *said.native.output, *brought]}

    def ask(self, provider: str, request: dict[str, Any]) -> Said:
        responses = self._for(provider).responses
        return self._read((responses.parse if "text_format" in request else responses.create)(**request))

    def stream(self, provider: str, request: dict[str, Any], heard: list[str]) -> Said:
        last: Any = None
        with self._for(provider).responses.stream(**request) as stream:
            for event in stream:
                if event.type == DELTA:
                    heard.append(event.delta)
                last = event
        if last.type == "response.failed":
            raise Failed(last.response.error.message)
        if last.type == "response.completed":
            assert stream.get_final_response() == last.response
        return self._read(last.response, len(heard))

    def leave(self, provider: str, request: dict[str, Any]) -> str:
        with self._for(provider).responses.stream(**request) as stream:
            return next(event.delta for event in stream if event.type == DELTA)

    def _read(self, response: Any, pieces: int = 0) -> Said:
        assert response.object == "response"
        assert response.id.startswith("resp_")
        assert response.status in ("completed", "incomplete")
        parts = [part for item in response.output if item.type == "message" for part in item.content]
        calls = [item for item in response.output if item.type == "function_call"]
        thoughts = [item for item in response.output if item.type == "reasoning"]
        usage = response.usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
        return Said(
            response,
            text=response.output_text,
            thoughts="".join(part.text for item in thoughts for part in (*(item.content or ()), *item.summary)),
            calls=[Call(call.call_id, call.name, json.loads(call.arguments)) for call in calls],
            refusal="".join(part.refusal for part in parts if part.type == "refusal"),
            stop=response.incomplete_details.reason if response.incomplete_details else response.status,
            used=Used(
                usage.input_tokens,
                usage.input_tokens_details.cached_tokens,
                usage.output_tokens,
                usage.output_tokens_details.reasoning_tokens,
            ),
            parsed=getattr(response, "output_parsed", None),
            pieces=pieces,
        )
