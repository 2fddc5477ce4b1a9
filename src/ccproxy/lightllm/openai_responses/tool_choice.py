"""The choice among tools, as Responses has it."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ToolChoice
from ccproxy.lightllm.openai_responses.declared import flat_name
from ccproxy.lightllm.openai_responses.settings import typed

MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}
NAMED = ("function", "custom", "local_shell", "tool")


def load_choice(call: ModelCall, choice: object) -> None:
    """Reads `tool_choice`, after the tools. What only OpenAI can be told goes among the extras."""
    if isinstance(choice, str) and choice in MODES:
        call.tool_choice = ToolChoice(MODES[choice])  # type: ignore[arg-type]  # the table's values are the modes
    elif isinstance(choice, dict):
        _load_object(call, choice)
    elif choice is not None:
        call.extras["tool_choice"] = choice


def _load_object(call: ModelCall, choice: dict[str, Any]) -> None:
    known = _flat_names(call)
    if choice.get("type") == "allowed_tools":
        inner = typed(choice, "allowed_tools", dict, "tool_choice.") or choice
        allowed = [tool for tool in typed(inner, "tools", list, "tool_choice.") or () if isinstance(tool, dict)]
        names = [name for tool in allowed if (name := _name(tool, known))]
        if names or not allowed:
            mode = MODES.get(str(inner.get("mode")), "auto")
            call.tool_choice = ToolChoice(mode, names)  # type: ignore[arg-type]
        if len(names) < len(allowed):
            call.extras["tool_choice"] = choice
    elif name := _name(choice, known):
        call.tool_choice = ToolChoice("required", [name])
    else:
        call.extras["tool_choice"] = choice


def _flat_names(call: ModelCall) -> dict[str, str]:
    """Flat names by the names within a namespace, which a choice may use alone."""
    metadata = ((tool.name, tool.metadata or {}) for tool in call.tools)
    return {details["name"]: flat for flat, details in metadata if "namespace" in details}


def _name(tool: dict[str, Any], known: dict[str, str]) -> str | None:
    """The flat name of one of the client's tools; None for a tool that the provider runs."""
    kind, inner = tool.get("type", "function"), tool.get("function")
    if kind not in NAMED:
        return None
    name = tool.get("name", inner.get("name") if isinstance(inner, dict) else None)
    if kind == "local_shell":
        name = kind
    if not isinstance(name, str):
        return None
    return flat_name(tool["namespace"], name) if tool.get("namespace") else known.get(name, name)


def dump_choice(call: ModelCall) -> str | dict[str, Any] | None:
    """The `tool_choice` field; None for none."""
    own = call.origin is WireFormat.OPENAI_RESPONSES
    if own and "tool_choice" in call.extras:
        raw: str | dict[str, Any] = call.extras["tool_choice"]
        return raw
    choice = call.tool_choice
    if choice is None or not (own or call.tools or call.server_tools):
        return None
    if not choice.names or choice.mode == "none":
        return choice.mode
    specs = {tool.name: tool.metadata or {} for tool in call.tools}
    named = [_reference(name, specs.get(name, {}), own) for name in choice.names]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": named}


def _reference(name: str, metadata: dict[str, Any], own: bool) -> dict[str, Any]:
    if own and metadata.get("kind") == "local_shell":
        return {"type": "local_shell"}
    if own and "namespace" in metadata:
        name = metadata["name"]
    return {"type": "custom" if "custom" in metadata else "function", "name": name}
