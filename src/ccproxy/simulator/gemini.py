"""Google generateContent (https://ai.google.dev/api/generate-content), alone and in a Code Assist envelope."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote

import orjson

from .ask import Ask, Tail, Tool, automatic_cache, stops_of
from .delivery import Frame
from .errors import GOOGLE_JSON, Dialect, Trouble
from .plan import Plan
from .reading import as_count, as_dict, as_list, as_text, dicts, first_of, text_inside, weigh
from .reply import Headers
from .wire import HOLE, Format, Request, around

STOPS = {"end": "STOP", "length": "MAX_TOKENS", "stop_sequence": "STOP", "tool": "STOP", "refusal": "SAFETY"}
CHOICES = {"ANY": "any", "VALIDATED": "auto", "NONE": "none"}


def read(request: Request) -> Ask:
    """Reads a generateContent request; `request.match` is (model, action)."""
    return _read(request, request.body, unquote(request.match[0] or ""))


def read_wrapped(request: Request) -> Ask:
    """Reads a Code Assist request: the same inside `request`, with the model beside it."""
    ask = _read(request, as_dict(request.body.get("request")), as_text(request.body.get("model")))
    ask.wrapped = True
    return ask


def _read(request: Request, body: dict[str, Any], model: str) -> Ask:
    contents = contents_of(body)
    config = as_dict(first_of(body, "generationConfig", "generation_config"))
    start = max((i + 1 for i, content in enumerate(contents) if content.get("role") == "model"), default=0)
    streams = (request.match[-1] or "").startswith("stream")
    ask = Ask(model, _tail(contents[start:]), streams, seed=request.seed)
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
    turns = [contents] if isinstance(contents, dict) else dicts(contents)
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
    tail = Tail()
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


def usage_of(plan: Plan, output: int) -> dict[str, Any]:
    """The usageMetadata object; `output` counts the tokens so far, without the thoughts."""
    usage = plan.usage
    metadata: dict[str, Any] = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": usage.prompt + output + usage.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
    }
    if usage.reasoning:
        metadata["thoughtsTokenCount"] = usage.reasoning
    if usage.cache_read:
        metadata["cachedContentTokenCount"] = usage.cache_read
    return metadata


def _signature(plan: Plan) -> str:
    return base64.b64encode(b"simulated thought " + plan.ask.seed.encode() * 2).decode()


def _call_parts(plan: Plan) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for number, call in enumerate(plan.calls):
        part: dict[str, Any] = {"functionCall": {"name": call.tool.name, "args": call.arguments}}
        part["functionCall"]["id"] = plan.ask.id("", number)[8:]
        parts.append(part)
    if parts and plan.thinking:
        parts[0]["thoughtSignature"] = _signature(plan)
    return parts


def _response(plan: Plan, parts: list[dict[str, Any]], finish: str | None, output: int) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return _enveloped(plan, {"candidates": [candidate], "usageMetadata": usage_of(plan, output)})


def _enveloped(plan: Plan, value: dict[str, Any]) -> dict[str, Any]:
    value |= {"modelVersion": plan.ask.model, "responseId": plan.ask.id("sim")}
    return {"response": value, "traceId": plan.ask.seed[:16]} if plan.ask.wrapped else value


def _blocked(plan: Plan) -> dict[str, Any]:
    """What a refused prompt gets: no candidate at all."""
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    return _enveloped(plan, {"promptFeedback": feedback, "usageMetadata": usage_of(plan, 0)})


def buffered(plan: Plan) -> object:
    """The response as one object."""
    if plan.refusal:
        return _blocked(plan)
    parts: list[dict[str, Any]] = []
    if plan.thinking:
        parts.append({"text": "".join(plan.thinking), "thought": True})
    if plan.text and not plan.calls:
        parts.append({"text": "".join(plan.text)})
        if plan.thinking:
            parts[-1]["thoughtSignature"] = _signature(plan)
    output = plan.usage.output - plan.usage.reasoning
    return _response(plan, parts + _call_parts(plan), STOPS.get(plan.stop, plan.stop), output)


def stream(plan: Plan) -> list[Frame]:
    """The response as chunks, each a whole GenerateContentResponse; the last one says why it ended."""
    if plan.refusal:
        return _framed(plan, [(orjson.dumps(_blocked(plan)), False)])
    chunks = _texts(plan, {"text": HOLE, "thought": True}, plan.thinking)
    if plan.calls:
        chunks += [(orjson.dumps(_response(plan, [part], None, 0)), True) for part in _call_parts(plan)]
    else:
        chunks += _texts(plan, {"text": HOLE}, plan.text)
    last: dict[str, Any] = {"text": ""}
    if plan.thinking and not plan.calls:
        last["thoughtSignature"] = _signature(plan)
    output = plan.usage.output - plan.usage.reasoning
    chunks.append((orjson.dumps(_response(plan, [last], STOPS.get(plan.stop, plan.stop), output)), False))
    return _framed(plan, chunks)


def _texts(plan: Plan, part: dict[str, Any], pieces: list[str]) -> list[tuple[bytes, bool]]:
    before, after = around(_response(plan, [part], None, 0))
    return [(before + orjson.dumps(piece) + after, True) for piece in pieces]


def _framed(plan: Plan, chunks: list[tuple[bytes, bool]]) -> list[Frame]:
    if plan.ask.framing == "sse":
        return [Frame(b"data: " + chunk + b"\r\n\r\n", delta) for chunk, delta in chunks]
    frames = [Frame((b",\r\n" if i else b"[") + chunk, delta) for i, (chunk, delta) in enumerate(chunks)]
    return [*frames, Frame(b"]")]


def failure(plan: Plan, sent: int) -> bytes:
    """The error that ends a stream: an event or the last element of the array."""
    error = {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}
    value = orjson.dumps({"error": error})
    return b"data: " + value + b"\r\n\r\n" if plan.ask.framing == "sse" else b",\r\n" + value + b"]"


def headers(ask: Ask) -> Headers:
    """The header fields of an answer, without those about its body."""
    return [(b"vary", b"Origin, X-Origin, Referer"), (b"server-timing", b"gfet4t7; dur=5")]


FORMAT = Format(Dialect.GOOGLE, read, buffered, stream, failure, headers, GOOGLE_JSON)
WRAPPED = Format(Dialect.GOOGLE, read_wrapped, buffered, stream, failure, headers, GOOGLE_JSON)
