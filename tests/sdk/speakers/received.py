"""What a provider was sent, read in its own format: the other end of what a test asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """A request as a provider has it."""

    system: str = ""
    texts: list[str] = field(default_factory=list)
    """What the user said."""
    media: list[tuple[str, bytes]] = field(default_factory=list)
    tools: list[tuple[str, Any]] = field(default_factory=list)
    """Names and schemas."""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    """Ids, names and arguments."""
    results: list[tuple[str, str]] = field(default_factory=list)
    """Ids of calls, and texts."""
    thoughts: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    thinks: bool = False
    schema: Any = None


def received(format: str, document: Any) -> Received:
    """Reads a request of a format."""
    found = Received()
    READERS[format](document, found)
    return found


def _media(uri: str) -> tuple[str, bytes]:
    head, _, data = uri.partition(",")
    return head.removeprefix("data:").partition(";")[0], base64.b64decode(data, validate=True)


def _blocks(content: Any, kind: str = "text") -> Iterator[dict[str, Any]]:
    yield from [{"type": kind, "text": content}] if isinstance(content, str) else content or ()


def _joined(content: Any) -> str:
    return "\n".join(block["text"] for block in _blocks(content))


def _anthropic(document: Any, found: Received) -> None:
    found.system = _joined(document.get("system"))
    found.tools = [(tool["name"], tool["input_schema"]) for tool in document.get("tools", ())]
    found.thinks = document.get("thinking", {}).get("type") in ("enabled", "adaptive")
    found.schema = document.get("output_config", {}).get("format", {}).get("schema")
    for message in document["messages"]:
        for block in _blocks(message["content"]):
            match block["type"]:
                case "text" if message["role"] == "user":
                    found.texts.append(block["text"])
                case "image" | "document":
                    source = block["source"]
                    found.media.append((source["media_type"], base64.b64decode(source["data"], validate=True)))
                case "tool_use":
                    found.calls.append((block["id"], block["name"], block["input"]))
                case "tool_result":
                    found.results.append((block["tool_use_id"], _joined(block["content"])))
                case "thinking":
                    found.thoughts.append(block["thinking"])
                    found.signatures.append(block["signature"])


def _chat(document: Any, found: Received) -> None:
    functions = [tool["function"] for tool in document.get("tools", ())]
    found.tools = [(function["name"], function["parameters"]) for function in functions]
    found.thinks = document.get("reasoning_effort", "none") != "none"
    found.schema = document.get("response_format", {}).get("json_schema", {}).get("schema")
    for message in document["messages"]:
        match message["role"]:
            case "system" | "developer":
                found.system += _joined(message["content"])
            case "tool":
                found.results.append((message["tool_call_id"], _joined(message["content"])))
            case "assistant":
                for call in message.get("tool_calls") or ():
                    function = call["function"]
                    found.calls.append((call["id"], function["name"], json.loads(function["arguments"])))
                found.thoughts += [text for text in [message.get("reasoning_content")] if text]
            case "user":
                for part in _blocks(message["content"]):
                    if part["type"] == "text":
                        found.texts.append(part["text"])
                    else:
                        inner = part[part["type"]]
                        found.media.append(_media(inner.get("url") or inner["file_data"]))


def _responses(document: Any, found: Received) -> None:
    found.system = document.get("instructions") or ""
    found.tools = [(tool["name"], tool["parameters"]) for tool in document.get("tools", ())]
    found.thinks = bool(document.get("reasoning"))
    found.schema = document.get("text", {}).get("format", {}).get("schema")
    for item in document["input"]:
        match item.get("type", "message"):
            case "message" if item["role"] == "user":
                for part in _blocks(item["content"], "input_text"):
                    if part["type"] == "input_text":
                        found.texts.append(part["text"])
                    else:
                        found.media.append(_media(part.get("image_url") or part["file_data"]))
            case "function_call":
                found.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
            case "function_call_output":
                output = item["output"]
                found.results.append((item["call_id"], output if isinstance(output, str) else _joined(output)))
            case "reasoning":
                found.thoughts += [part["text"] for part in item["summary"]]
                found.signatures += [state for state in [item.get("encrypted_content")] if state]


def _camel(value: Any) -> dict[str, Any]:
    """An object with its names in camelCase: google-genai sends inner objects with the names that Python has."""
    names = {name: "".join(word.title() if n else word for n, word in enumerate(name.split("_"))) for name in value}
    return {names[name] if "_" in name else name: member for name, member in value.items()}


def _gemini(document: Any, found: Received) -> None:
    config = _camel(document.get("generationConfig", {}))
    found.system = "".join(part["text"] for part in document.get("systemInstruction", {}).get("parts", ()))
    declared = [_camel(each) for tool in document.get("tools", ()) for each in _camel(tool)["functionDeclarations"]]
    found.tools = [(each["name"], each.get("parametersJsonSchema") or each["parameters"]) for each in declared]
    found.thinks = bool(_camel(config.get("thinkingConfig", {})).get("includeThoughts"))
    found.schema = config.get("responseJsonSchema") or config.get("responseSchema")
    for content in document["contents"]:
        for part in map(_camel, content["parts"]):
            found.signatures += [part["thoughtSignature"]] if "thoughtSignature" in part else []
            if "functionCall" in part:
                call = part["functionCall"]
                found.calls.append((call.get("id"), call["name"], call["args"]))
            elif "functionResponse" in part:
                brought = part["functionResponse"]
                found.results.append((brought.get("id"), str(next(iter(brought["response"].values())))))
            elif "inlineData" in part:
                blob = _camel(part["inlineData"])
                found.media.append((blob["mimeType"], base64.urlsafe_b64decode(blob["data"])))
            elif part.get("thought"):
                found.thoughts.append(part["text"])
            elif content["role"] == "user":
                found.texts.append(part["text"])


READERS: dict[str, Callable[[Any, Received], None]] = {
    "anthropic": _anthropic,
    "openai": _chat,
    "openai_responses": _responses,
    "gemini": _gemini,
}
