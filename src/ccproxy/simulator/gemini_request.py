"""Reading a Google generateContent request, plain or wrapped: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from . import gemini_strict
from .ask import Ask, Tail, Tool, automatic_cache, stops_of
from .errors import Trouble
from .pictures import pictures
from .reading import as_count, as_dict, as_list, as_text, dicts, first_of, text_inside, weigh
from .wire import Request


def read(request: Request) -> Ask:
    """Reads a generateContent request; `request.match` is (model, action)."""
    gemini_strict.public(request.body)
    return _read(request, request.body, unquote(request.match[0] or ""))


def read_wrapped(request: Request) -> Ask:
    """Reads a Code Assist request: the same inside `request`, with the model beside it."""
    call = gemini_strict.call_inside(request.body, gemini_strict.ENVELOPE, gemini_strict.CALL)
    ask = _read(request, call, gemini_strict.model_inside(request.body))
    gemini_strict.check_project(request.body.get("project"))
    ask.wrapped = True
    return ask


def _read(request: Request, body: dict[str, Any], model: str) -> Ask:
    contents = contents_of(body)
    config = as_dict(first_of(body, "generationConfig", "generation_config"))
    start = max((i + 1 for i, content in enumerate(contents) if content.get("role") == "model"), default=0)
    streams = (request.match[-1] or "").startswith("stream")
    ask = Ask(model, _tail(contents[start:]), streams, seed=request.seed)
    ask.rich = True
    ask.framing = "array" if streams and b"alt=sse" not in request.query else "sse"
    ask.tools = [tool for entry in dicts(body.get("tools")) for tool in _tools(entry)]
    _read_choice(ask, as_dict(first_of(body, "toolConfig", "tool_config")))
    _read_config(ask, config)
    before = weigh(contents[:start])
    system = weigh(first_of(body, "systemInstruction", "system_instruction"))
    ask.weight = before + system + weigh(contents[start:]) + weigh(body.get("tools"))
    ask.cache_read = automatic_cache(before)
    return ask


def contents_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns of a request; a single one may come without its array.

    Raises:
        Trouble: 400 if there is none.
    """
    contents = body.get("contents")
    turns = [contents] if isinstance(contents, dict) and contents else dicts(contents)
    if not turns:
        raise Trouble(400, "* GenerateContentRequest.contents: contents is not specified\n")
    return turns


def _read_choice(ask: Ask, config: dict[str, Any]) -> None:
    calling = as_dict(first_of(config, "functionCallingConfig", "function_calling_config"))
    mode = as_text(calling.get("mode")).upper()
    names = as_list(first_of(calling, "allowedFunctionNames", "allowed_function_names"))
    if mode == "ANY":
        ask.choice, ask.wanted = "any", next((name for name in names if isinstance(name, str)), None)
    elif mode == "NONE":
        ask.choice = "none"


def _read_config(ask: Ask, config: dict[str, Any]) -> None:
    thinking = as_dict(first_of(config, "thinkingConfig", "thinking_config"))
    ask.thinking = bool(first_of(thinking, "includeThoughts", "include_thoughts"))
    schema = first_of(config, "responseJsonSchema", "response_json_schema", "responseSchema", "response_schema")
    ask.schema = as_dict(schema) or None
    ask.json = first_of(config, "responseMimeType", "response_mime_type") == "application/json"
    ask.limit = as_count(first_of(config, "maxOutputTokens", "max_output_tokens"))
    ask.stops = stops_of(first_of(config, "stopSequences", "stop_sequences"))


def _tools(entry: dict[str, Any]) -> list[Tool]:
    names = ("parametersJsonSchema", "parameters_json_schema", "parameters")
    declared = dicts(first_of(entry, "functionDeclarations", "function_declarations"))
    return [Tool(f["name"], as_dict(first_of(f, *names))) for f in declared if as_text(f.get("name"))]


def _tail(contents: list[dict[str, Any]]) -> Tail:
    tail = Tail(pictures=pictures(contents))
    for part in (part for content in contents for part in dicts(content.get("parts"))):
        answer = first_of(part, "functionResponse", "function_response")
        if isinstance(answer, dict):
            tail.result(_result(answer.get("response")))
        elif as_text(part.get("text")):
            tail.texts.append(part["text"])
    return tail


def _result(response: object) -> str:
    value = as_dict(response)
    return text_inside(next((value[key] for key in ("output", "result", "content") if key in value), response))
