"""Tools and the choice of tools."""

from __future__ import annotations

from typing import Any

from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.load_content import details, listed, member, text_of
from ccproxy.lightllm.openai_chat.models import model_of
from ccproxy.lightllm.openai_chat.schemas import parameters_of, strict_of, text_schema
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


def dump_tools(call: ModelCall) -> dict[str, Any]:
    """The members that declare tools and choose among them."""
    body: dict[str, Any] = {}
    if call.origin is OWN and call.wording.get("functions"):
        body["functions"] = [_dump_function(tool, call)["function"] for tool in call.tools]
        if call.tool_choice is not None:
            names = call.tool_choice.names
            body["function_call"] = {"name": names[0]} if names else call.tool_choice.mode
        return body
    tools = [_dump_tool(tool, call) for tool in call.tools]
    for server_tool in call.server_tools:
        if server_tool.origin is not OWN:
            call.drops.add("server_tools")
        elif "web_search_options" in server_tool.raw:
            body.update(server_tool.raw)
        else:
            tools.append(server_tool.raw)
    if tools:
        body["tools"] = tools
    if call.tool_choice is not None:
        _dump_choice(call, call.tool_choice, body)
    return body


def takes_text(tool: ToolDefinition, call: ModelCall) -> bool:
    """Whether a tool is declared as custom: compatible servers and earlier models know functions only."""
    return "custom" in (tool.metadata or {}) and (call.origin is OWN or model_of(call.model).free_text)


def _dump_tool(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    metadata = tool.metadata or {}
    if takes_text(tool, call):
        body = _dump_custom(tool, metadata["custom"])
    else:
        body = _dump_function(tool, call)
        if "custom" in metadata:
            call.drops.add("custom_tool")
    if call.origin is OWN:
        body.update(metadata.get("fields", {}))
    if "cache_control" in metadata:
        if call.origin is OWN:
            body["cache_control"] = metadata["cache_control"]
        else:
            call.drops.add("cache_control")
    return body


def _dump_function(tool: ToolDefinition, call: ModelCall) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = parameters_of(tool, call)
    strict = strict_of(tool, call)
    if strict is not None:
        function["strict"] = strict
    return {"type": "function", "function": function}


def _dump_custom(tool: ToolDefinition, format: Any) -> dict[str, Any]:
    custom: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if isinstance(format, dict) and format.get("type") == "grammar":
        grammar = format.get("grammar") or {name: format[name] for name in ("syntax", "definition") if name in format}
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": custom}


def _dump_choice(call: ModelCall, choice: ToolChoice, body: dict[str, Any]) -> None:
    """Without tools the API refuses any choice among them, and one of a tool that is not declared always."""
    kinds = {tool.name: "custom" if takes_text(tool, call) else "function" for tool in call.tools}
    names = [name for name in choice.names if name in kinds] if call.origin is not OWN else choice.names
    if len(names) < len(choice.names) or ("tools" not in body and choice.mode == "required"):
        call.drops.add("tool_choice")
    if "tools" not in body or (choice.names and not names):
        return
    chosen = [{"type": kind, kind: {"name": name}} for name in names for kind in (kinds.get(name, "function"),)]
    if not chosen or choice.mode == "none":
        body["tool_choice"] = choice.mode
    elif choice.mode == "required" and len(chosen) == 1:
        body["tool_choice"] = chosen[0]
    else:
        body["tool_choice"] = {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": chosen}}
