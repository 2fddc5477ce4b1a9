"""Legal requests of every format: one conversation, told to each API in its own words. Hypothesis strategies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from ccproxy.exchange import WireFormat

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
words = st.sampled_from(["Hello", "wörld", "a\nb", '"quoted"', "😀", "x" * 200, "{}", "data: [DONE]"])
SCHEMAS: tuple[dict[str, Any], ...] = (
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    {"type": "object", "properties": {}},
    {
        "anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {"type": "object"}],
        "properties": {"b": {"type": ["integer", "null"], "nullable": True, "enum": [1]}},
        "required": ["b"],
    },
    {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "deep": {"type": "object", "properties": {"x": {"anyOf": [{"type": "number"}, {"type": "null"}]}}},
        },
    },
)
ARGUMENTS: tuple[dict[str, Any], ...] = ({"city": "Zürich"}, {}, {"list": [1, 2], "deep": {"x": None}})


@dataclass
class Call:
    """A call of a tool, and what it brought."""

    id: str
    name: str
    arguments: dict[str, Any]
    result: str
    failed: bool = False


@dataclass
class Turn:
    """What a user says, and an answer; of the last turn there is none."""

    said: list[str]
    image: bool
    answer: str
    calls: list[Call]


@dataclass
class Conversation:
    """A request. `settings`: max, temperature, top_p, stop, strict, choice (auto, none, required, or a tool's
    name)."""

    system: str
    turns: list[Turn]
    last: list[str]
    tools: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any conversation that every format can tell."""
    names = draw(st.lists(st.sampled_from(["get_weather", "f", "mcp__a__b", "x-y"]), max_size=3, unique=True))
    tools = [(name, draw(st.sampled_from(SCHEMAS))) for name in names]
    turns = [draw(turn(number, names)) for number in range(draw(st.integers(0, 3)))]
    choices = ["auto", "none", "required", *names] if names else [None]
    settings = {
        "max": draw(st.sampled_from([None, 1, 4096])),
        "temperature": draw(st.sampled_from([None, 0, 0.5, 1])),
        "top_p": draw(st.sampled_from([None, 0.9])),
        "stop": draw(st.sampled_from([None, ["END"], ["a", "b"]])),
        "strict": draw(st.sampled_from([None, True, False])),
        "choice": draw(st.sampled_from([None, *choices])),
    }
    chosen = {name: value for name, value in settings.items() if value is not None}
    said = draw(st.lists(words, min_size=1, max_size=2))
    return Conversation(draw(st.sampled_from(["", "Be brief."])), turns, said, tools, chosen)


@st.composite
def turn(draw: st.DrawFn, number: int, names: list[str]) -> Turn:
    """One turn. Ids are of the looks of several vendors."""
    looks = ["call_{}", "toolu_01{}", "fc|{}", "functions.f:{}", "x" * 50 + "{}", "é {}"]
    calls = [
        Call(
            draw(st.sampled_from(looks)).format(f"{number}{at}"),
            draw(st.sampled_from(names)),
            draw(st.sampled_from(ARGUMENTS)),
            draw(words),
            draw(st.booleans()),
        )
        for at in range(draw(st.integers(0, 3)) if names else 0)
    ]
    answer = draw(words) if not calls or draw(st.booleans()) else ""
    return Turn(draw(st.lists(words, min_size=1, max_size=2)), draw(st.booleans()), answer, calls)


def _parts(turn: Turn, text: Callable[[str], Any], image: Any) -> list[Any]:
    return [*map(text, turn.said), *([image] if turn.image else [])]


def anthropic(talk: Conversation) -> dict[str, Any]:
    """As Anthropic's API is asked."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    messages: list[dict[str, Any]] = []
    results: list[Any] = []
    for turn in talk.turns:
        said = _parts(turn, lambda text: {"type": "text", "text": text}, image)
        messages.append({"role": "user", "content": [*results, *said]})
        calls = [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c in turn.calls]
        answer = [{"type": "text", "text": turn.answer}] if turn.answer else []
        messages.append({"role": "assistant", "content": [*answer, *calls]})
        results = [
            {"type": "tool_result", "tool_use_id": c.id, "content": c.result, "is_error": c.failed} for c in turn.calls
        ]
    last = [{"type": "text", "text": text} for text in talk.last]
    messages.append({"role": "user", "content": [*results, *last]})
    s = talk.settings
    out: dict[str, Any] = {"model": "m-1", "max_tokens": s.get("max", 1024), "messages": messages}
    _put(out, "system", talk.system or None)
    _put(out, "stop_sequences", s.get("stop"))
    for name in ("temperature", "top_p"):
        _put(out, name, s.get(name))
    strict = {"strict": s["strict"]} if "strict" in s else {}
    tools = [{"name": n, "description": "d", "input_schema": schema, **strict} for n, schema in talk.tools]
    _put(out, "tools", tools or None)
    choice = s.get("choice")
    kinds = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
    _put(out, "tool_choice", choice and kinds.get(choice, {"type": "tool", "name": choice}))
    return out


def chat(talk: Conversation) -> dict[str, Any]:
    """As Chat Completions is asked."""
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    messages: list[dict[str, Any]] = [{"role": "system", "content": talk.system}] if talk.system else []
    for turn in talk.turns:
        messages.append({"role": "user", "content": _parts(turn, lambda text: {"type": "text", "text": text}, image)})
        message: dict[str, Any] = {"role": "assistant", "content": turn.answer or None}
        calls = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in turn.calls
        ]
        messages.append(message | ({"tool_calls": calls} if calls else {}))
        messages += [{"role": "tool", "tool_call_id": c.id, "content": c.result} for c in turn.calls]
    messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in talk.last]})
    s = talk.settings
    out: dict[str, Any] = {"model": "m-1", "messages": messages}
    for name, ours in (("max_completion_tokens", "max"), ("temperature",) * 2, ("top_p",) * 2, ("stop",) * 2):
        _put(out, name, s.get(ours))
    strict = {"strict": s["strict"]} if "strict" in s else {}
    functions = [{"name": n, "description": "d", "parameters": schema, **strict} for n, schema in talk.tools]
    _put(out, "tools", [{"type": "function", "function": function} for function in functions] or None)
    choice = s.get("choice")
    plain = choice in (None, "auto", "none", "required")
    _put(out, "tool_choice", choice if plain else {"type": "function", "function": {"name": choice}})
    return out


def responses(talk: Conversation) -> dict[str, Any]:
    """As the Responses API is asked."""
    image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
    items: list[dict[str, Any]] = []
    for turn in talk.turns:
        said = _parts(turn, lambda text: {"type": "input_text", "text": text}, image)
        items.append({"type": "message", "role": "user", "content": said})
        if turn.answer:
            items.append({"role": "assistant", "content": turn.answer})
        items += [
            {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": json.dumps(c.arguments)}
            for c in turn.calls
        ]
        items += [{"type": "function_call_output", "call_id": c.id, "output": c.result} for c in turn.calls]
    items.append({"role": "user", "content": [{"type": "input_text", "text": text} for text in talk.last]})
    s = talk.settings
    out: dict[str, Any] = {"model": "m-1", "input": items}
    _put(out, "instructions", talk.system or None)
    for name, ours in (("max_output_tokens", "max"), ("temperature",) * 2, ("top_p",) * 2):
        _put(out, name, s.get(ours))
    tools = [
        {"type": "function", "name": n, "description": "d", "parameters": schema, "strict": s.get("strict", False)}
        for n, schema in talk.tools
    ]
    _put(out, "tools", tools or None)
    choice = s.get("choice")
    plain = choice in (None, "auto", "none", "required")
    _put(out, "tool_choice", choice if plain else {"type": "function", "name": choice})
    return out


def gemini(talk: Conversation) -> dict[str, Any]:
    """As Gemini is asked."""
    image = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    contents: list[dict[str, Any]] = []
    for turn in talk.turns:
        contents.append({"role": "user", "parts": _parts(turn, lambda text: {"text": text}, image)})
        calls = [{"functionCall": {"id": c.id, "name": c.name, "args": c.arguments}} for c in turn.calls]
        contents.append({"role": "model", "parts": [*([{"text": turn.answer}] if turn.answer else []), *calls]})
        if calls:
            found = [{"id": c.id, "name": c.name, "response": {"output": c.result}} for c in turn.calls]
            contents.append({"role": "user", "parts": [{"functionResponse": each} for each in found]})
    contents.append({"role": "user", "parts": [{"text": text} for text in talk.last]})
    s = talk.settings
    out: dict[str, Any] = {"contents": contents}
    _put(out, "systemInstruction", {"parts": [{"text": talk.system}]} if talk.system else None)
    names = {"max": "maxOutputTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences"}
    _put(out, "generationConfig", {name: s[ours] for ours, name in names.items() if ours in s} or None)
    functions = [{"name": n, "description": "d", "parametersJsonSchema": schema} for n, schema in talk.tools]
    _put(out, "tools", [{"functionDeclarations": functions}] if functions else None)
    choice = s.get("choice")
    modes = {"auto": {"mode": "AUTO"}, "none": {"mode": "NONE"}, "required": {"mode": "ANY"}}
    named = {"mode": "ANY", "allowedFunctionNames": [choice]}
    _put(out, "toolConfig", choice and {"functionCallingConfig": modes.get(choice, named)})
    return out


def _put(out: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        out[name] = value


TELLERS: dict[WireFormat, Callable[[Conversation], dict[str, Any]]] = {
    WireFormat.ANTHROPIC: anthropic,
    WireFormat.OPENAI: chat,
    WireFormat.OPENAI_RESPONSES: responses,
    WireFormat.GEMINI: gemini,
}
