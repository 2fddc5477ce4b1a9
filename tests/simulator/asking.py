"""Short ways to put a question to `respond` in each wire format, and to read what comes back."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.simulator import Reply, respond

FORMATS = ("anthropic", "openai_chat", "openai_responses", "gemini")
PATHS = {
    "anthropic": "/v1/messages",
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "gemini": "/v1beta/models/gemini-sim:generateContent",
}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}


def post(path: str, body: object, headers: dict[str, str] | None = None) -> Reply:
    """POSTs JSON (or bytes as they are)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return respond("POST", path.encode(), fields, raw)


def question(wire: str, text: str, /, **more: Any) -> dict[str, Any]:
    """The body of a request with one user turn."""
    bodies: dict[str, dict[str, Any]] = {
        "anthropic": {"model": "sim", "max_tokens": 4096, "messages": [{"role": "user", "content": text}]},
        "openai_chat": {"model": "sim", "messages": [{"role": "user", "content": text}]},
        "openai_responses": {"model": "sim", "input": text},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": text}]}]},
    }
    return {**bodies[wire], **more}


def ask(wire: str, text: str, /, stream: bool = False, **more: Any) -> Reply:
    """Asks one question."""
    path = PATHS[wire]
    if wire == "gemini":
        path = path.replace(":generate", ":streamGenerate") + "?alt=sse" if stream else path
    elif stream:
        more["stream"] = True
    return post(path, question(wire, text, **more))


def declared(wire: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The `tools` field that declares one tool."""
    function = {"name": name, "description": "", "parameters": schema}
    tools: dict[str, Any] = {
        "anthropic": {"name": name, "input_schema": schema},
        "openai_chat": {"type": "function", "function": function},
        "openai_responses": {"type": "function", **function},
        "gemini": {"functionDeclarations": [{"name": name, "parametersJsonSchema": schema}]},
    }
    return {"tools": [tools[wire]]}


def value(reply: Reply) -> Any:
    """The body of a buffered reply."""
    return json.loads(reply.body)


def events(body: bytes) -> list[Any]:
    """The data of the server-sent events in a body; `[DONE]` as it is."""
    lines = body.decode().replace("\r\n", "\n").split("\n")
    datas = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [data if data == "[DONE]" else json.loads(data) for data in datas]


def text_of(wire: str, answer: Any) -> str:
    """The text of a buffered answer."""
    if wire == "anthropic":
        return "".join(block["text"] for block in answer["content"] if block["type"] == "text")
    if wire == "openai_chat":
        return str(answer["choices"][0]["message"]["content"] or "")
    if wire == "openai_responses":
        parts = [part for item in answer["output"] if item["type"] == "message" for part in item["content"]]
        return "".join(part.get("text", "") for part in parts)
    parts = answer["candidates"][0]["content"]["parts"]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def streamed_text(wire: str, body: bytes) -> str:
    """The text of a streamed answer."""
    found = events(body)
    if wire == "anthropic":
        return "".join(e["delta"]["text"] for e in found if e.get("delta", {}).get("type") == "text_delta")
    if wire == "openai_chat":
        choices = [c for e in found if e != "[DONE]" for c in e.get("choices", [])]
        return "".join(c["delta"].get("content") or "" for c in choices)
    if wire == "openai_responses":
        return "".join(e["delta"] for e in found if e["type"] == "response.output_text.delta")
    return "".join(text_of(wire, e) for e in found if "candidates" in e)


def calls_of(wire: str, answer: Any) -> list[tuple[str, Any]]:
    """Name and arguments of the tool calls in a buffered answer."""
    if wire == "anthropic":
        return [(b["name"], b["input"]) for b in answer["content"] if b["type"] == "tool_use"]
    if wire == "openai_chat":
        made = answer["choices"][0]["message"].get("tool_calls", [])
        return [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in made]
    if wire == "openai_responses":
        return [(i["name"], json.loads(i["arguments"])) for i in answer["output"] if i["type"] == "function_call"]
    parts = answer["candidates"][0]["content"]["parts"]
    return [(p["functionCall"]["name"], p["functionCall"]["args"]) for p in parts if "functionCall" in p]
