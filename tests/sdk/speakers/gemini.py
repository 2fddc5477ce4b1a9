"""The google-genai SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from google import genai
from google.genai import errors, types

from tests.sdk.speakers.question import KEYS, TIMEOUT, TOOLS, Call, Question, Said, Used


class GeminiSpeaker:
    """Implements `Speaker`."""

    broken = errors.APIError
    errors: ClassVar[Mapping[int, type[Exception]]] = {
        status: errors.ClientError if status < 500 else errors.ServerError
        for status in (400, 401, 403, 404, 429, 500, 502, 503, 529)
    }

    def __init__(self, url: str) -> None:
        options = types.HttpOptions(
            base_url=url, timeout=int(TIMEOUT * 1000), retry_options=types.HttpRetryOptions(attempts=1)
        )
        self._clients = {name: genai.Client(api_key=key, http_options=options) for name, key in KEYS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    def request(self, question: Question) -> dict[str, Any]:
        parts = [types.Part(text=question.text)]
        if question.media:
            kind, data = question.media
            parts.insert(0, types.Part.from_bytes(data=data, mime_type=kind))
        turns = [
            types.Content(role=("user", "model")[number % 2], parts=[types.Part(text=text)])
            for number, text in enumerate(question.before)
        ]
        config = types.GenerateContentConfig(max_output_tokens=question.limit)
        config.automatic_function_calling = types.AutomaticFunctionCallingConfig(disable=True)
        if question.system:
            config.system_instruction = question.system
        if question.tools:
            declared = [
                types.FunctionDeclaration(
                    name=tool.name, description=tool.description, parameters_json_schema=tool.schema
                )
                for tool in TOOLS
            ]
            config.tools = [types.Tool(function_declarations=declared)]
        if question.choice:
            mode = {"none": "NONE"}.get(question.choice, "ANY")
            names = None if question.choice in ("none", "required") else [question.choice]
            calling = types.FunctionCallingConfig(mode=mode, allowed_function_names=names)
            config.tool_config = types.ToolConfig(function_calling_config=calling)
        if question.think:
            config.thinking_config = types.ThinkingConfig(include_thoughts=True)
        if question.stops:
            config.stop_sequences = list(question.stops)
        if question.output:
            config.response_mime_type, config.response_schema = "application/json", question.output
        contents = [*turns, types.Content(role="user", parts=parts)]
        return {"model": question.model, "contents": contents, "config": config}

    def go_on(
        self, request: dict[str, Any], said: Said, results: list[tuple[Call, str]] | tuple[()] = (), text: str = ""
    ) -> dict[str, Any]:
        brought = [
            types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": text}))
            for call, text in results
        ]
        brought += [types.Part(text=text)] if text else []
        turns = [types.Content(role="model", parts=said.native), types.Content(role="user", parts=brought)]
        return request | {"contents": [*request["contents"], *turns]}

    def ask(self, provider: str, request: dict[str, Any]) -> Said:
        answer = self._clients[provider].models.generate_content(**request)
        return self._read([answer], answer.parsed)

    def stream(self, provider: str, request: dict[str, Any], heard: list[str]) -> Said:
        chunks = []
        for chunk in self._clients[provider].models.generate_content_stream(**request):
            chunks.append(chunk)
            heard.extend(text for text in [_text(chunk)] if text)
        said = self._read(chunks, None, len(heard))
        wanted = request["config"].response_schema
        said.parsed = wanted.model_validate_json(said.text) if wanted else None
        return said

    def leave(self, provider: str, request: dict[str, Any]) -> str:
        stream = self._clients[provider].models.generate_content_stream(**request)
        text = next(text for chunk in stream if (text := _text(chunk)))
        stream.close()
        return text

    def told(self, error: Any) -> tuple[str, str, Any]:
        return error.message, error.status, error.response.headers

    def _read(self, chunks: list[Any], parsed: Any, pieces: int = 0) -> Said:
        parts = [part for chunk in chunks for part in _parts(chunk)]
        stops = [candidate.finish_reason for chunk in chunks for candidate in chunk.candidates or []]
        blocked = [chunk.prompt_feedback.block_reason for chunk in chunks if chunk.prompt_feedback]
        usage = chunks[-1].usage_metadata
        thoughts = usage.thoughts_token_count or 0
        assert usage.total_token_count == usage.prompt_token_count + (usage.candidates_token_count or 0) + thoughts
        calls = [part.function_call for part in parts if part.function_call]
        stop = stops[-1] if stops else blocked[-1]
        return Said(
            parts,
            text="".join(part.text or "" for part in parts if not part.thought),
            thoughts="".join(part.text or "" for part in parts if part.thought),
            calls=[Call(call.id, call.name, call.args or {}) for call in calls],
            stop=stop.value,
            used=Used(
                usage.prompt_token_count,
                usage.cached_content_token_count or 0,
                (usage.candidates_token_count or 0) + thoughts,
                thoughts,
            ),
            parsed=parsed,
            pieces=pieces,
        )


def _parts(chunk: Any) -> list[Any]:
    """The parts of a chunk."""
    contents = [candidate.content for candidate in chunk.candidates or [] if candidate.content]
    return [part for content in contents for part in content.parts or []]


def _text(chunk: Any) -> str:
    """The text of a chunk, without thoughts. The SDK's own `text` warns of other parts."""
    return "".join(part.text or "" for part in _parts(chunk) if not part.thought)
