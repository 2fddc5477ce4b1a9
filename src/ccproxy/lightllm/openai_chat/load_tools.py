"""Tools of a request and the choice among them, read."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.members import details, listed, member, text_of
from ccproxy.lightllm.openai_chat.schemas import text_schema
from ccproxy.lightllm.server_tools import neutral_name

OWN = WireFormat.OPENAI
MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}
"""`any` is Mistral's word."""


def load_tools(document: dict[str, Any], call: ModelCall) -> None:
    """Reads `tools`, `web_search_options` and the older `functions`. Raises InvalidCall."""
    for number, value in enumerate(listed(document.get("tools"), "tools")):
        _tool(member(value, f"tools[{number}]"), call, f"tools[{number}]")
    for number, value in enumerate(listed(document.get("functions"), "functions")):
        call.tools.append(_function(member(value, f"functions[{number}]"), {}, f"functions[{number}]"))
        call.wording["functions"] = True
    options = document.get("web_search_options")
    if options is not None:
        call.server_tools.append(ServerTool("web_search", {"web_search_options": options}, OWN))


def _tool(tool: dict[str, Any], call: ModelCall, place: str) -> None:
    kind = tool.get("type") or "function"
    if kind == "function":
        inner = tool.get("function")
        if isinstance(inner, dict):
            call.tools.append(_function(inner, details(tool, ("type", "function")), f"{place}.function"))
        else:  # as Responses has it
            call.tools.append(_function(tool, {}, place))
    elif kind == "custom":
        call.tools.append(_custom(tool, place))
    else:
        name = neutral_name(str(kind).rpartition(":")[2])  # OpenRouter: `openrouter:web_search`
        call.server_tools.append(ServerTool(name, tool, OWN))


def _function(inner: dict[str, Any], metadata: dict[str, Any], place: str) -> ToolDefinition:
    schema = inner.get("parameters")
    return ToolDefinition(
        name=_name(inner, place),
        parameters_json_schema=schema if isinstance(schema, dict) else {"type": "object", "properties": {}},
        description=_description(inner),
        strict=strict if isinstance(strict := inner.get("strict"), bool) else None,
        metadata=metadata or None,
    )


def _custom(tool: dict[str, Any], place: str) -> ToolDefinition:
    inner = member(tool.get("custom", tool), f"{place}.custom")
    format = inner.get("format")
    if not isinstance(format, dict):
        format = {"type": "text"}
    if isinstance(format.get("grammar"), dict):
        format = {"type": format.get("type", "grammar"), **format["grammar"]}
    return ToolDefinition(
        name=_name(inner, f"{place}.custom"),
        parameters_json_schema=text_schema(format),
        description=_description(inner),
        metadata={"custom": format, **details(tool, ("type", "custom"))},
    )


def _description(inner: dict[str, Any]) -> str | None:
    text = inner.get("description")
    return text if isinstance(text, str) else None


def _name(inner: dict[str, Any], place: str) -> str:
    name = text_of(inner, "name", place)
    if not name:
        raise InvalidCall(f"{place}.name: a name is expected", f"{place}.name")
    return name


def load_choice(value: Any) -> ToolChoice | None:
    """What `tool_choice` or `function_call` says; None if that is not known."""
    if isinstance(value, str):
        return ToolChoice(MODES[value]) if value in MODES else None  # type: ignore[arg-type]
    if not isinstance(value, dict):
        return None
    if value.get("type") == "allowed_tools":
        allowed = value.get("allowed_tools", value)
        tools = allowed.get("tools") if isinstance(allowed, dict) else None
        if not isinstance(tools, list):
            return None
        names = [name for tool in tools if (name := _chosen(tool))]
        return ToolChoice("required" if allowed.get("mode") == "required" else "auto", names)
    name = _chosen(value)
    return ToolChoice("required", [name]) if name else None


def _chosen(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("function") or value.get("custom") or value
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None
