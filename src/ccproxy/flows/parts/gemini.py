"""The body of a Gemini request as parts: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.flows.parts.blocks import has_parts, part_of
from ccproxy.flows.parts.formats import odd, taken, tool_of, with_rest
from ccproxy.flows.parts.parts import Block, Message, Parts, Tool


def gemini(document: dict[str, Any]) -> Parts:
    """https://ai.google.dev/api/generate-content; Code Assist has the same in `{"request": …}`."""
    inner, outer = taken(document, "request", (dict,))
    rest = dict(inner) if inner is not None and "contents" in inner else document
    outer = outer if rest is not document else {}
    contents, rest = taken(rest, "contents", (list,))
    tools, rest = taken(rest, "tools", (list,))
    system: tuple[Block, ...] = ()
    for name in ("systemInstruction", "system_instruction"):
        if has_parts(rest.get(name)) and rest[name]["parts"] and not system:
            prompt, rest = taken(rest, name, (dict,))
            besides = {each: value for each, value in prompt.items() if each != "parts"}
            system = tuple(with_rest(part_of(part), {name: besides}) for part in prompt["parts"])
    wrapped = {(name if name not in outer else f"request.{name}"): value for name, value in rest.items()}
    messages = tuple(map(content, contents or ()))
    return Parts(WireFormat.GEMINI, flattened({**outer, **wrapped}), system, declared(tools), messages)


def flattened(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters with the members of Gemini's `generationConfig` among them."""
    inner = parameters.get("generationConfig")
    if not isinstance(inner, dict) or not inner:
        return parameters
    named = {f"generationConfig.{name}": value for name, value in inner.items()}
    if named.keys() & parameters.keys():
        return parameters
    return {name: value for name, value in parameters.items() if name != "generationConfig"} | named


def content(value: Any) -> Message:
    """A content of Gemini's."""
    if not has_parts(value):
        return odd(value)
    role = value.get("role")
    known = {"parts"} | ({"role"} if isinstance(role, str) else set())
    rest = {name: member for name, member in value.items() if name not in known}
    return Message(role if isinstance(role, str) else "", tuple(map(part_of, value["parts"])), rest)


def declared(tools: Any) -> tuple[Tool, ...]:
    """Gemini's tools: each declaration by itself, and each tool of the provider's own."""
    found: list[Tool] = []
    for each in tools or ():
        for kind, value in each.items() if isinstance(each, dict) and each else [("?", each)]:
            is_list = kind in ("functionDeclarations", "function_declarations") and isinstance(value, list) and value
            found += map(tool_of, value) if is_list else [Tool(kind, {kind: value})]
    return tuple(found)
