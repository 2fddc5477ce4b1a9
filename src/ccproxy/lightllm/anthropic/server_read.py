"""Tools that the provider runs itself, as its answers tell of them: calls and results, as neutral events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation, ServerToolCall, ServerToolResult
from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.server_tools import neutral_name

MCP = "mcp_tool_use"
RESULT = "_tool_result"
BASH = "bash_code_execution"


def is_call(type: str) -> bool:
    """True for a block by which the provider calls a tool of its own or of an MCP server."""
    return type.endswith("_tool_use") or type == "server_tool_use"


def is_result(type: str) -> bool:
    """True for a block that holds what such a tool brought."""
    return type.endswith(RESULT)


def read_call(raw: dict[str, Any]) -> ServerToolCall:
    """A call with its whole input. The name of an MCP server's tool is told from the provider's by `mcp.`."""
    native = str(raw.get("name") or raw["type"])
    arguments = raw.get("input")
    arguments = arguments if isinstance(arguments, dict) else {}
    if raw["type"] == MCP:
        name = f"mcp.{raw.get('server_name') or ''}.{native}"
    else:
        name, arguments = _neutral_call(native, arguments)
    call_id = str(raw.get("id") or new_id("srvtoolu_"))
    return ServerToolCall(call_id, name, arguments, raw, WireFormat.ANTHROPIC)


def _neutral_call(native: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if native == BASH and "command" in arguments:
        return "code_execution", {"code": arguments["command"], "language": "bash"}
    name = neutral_name(native)
    if name == "code_execution":
        return name, {"language": "python"} | arguments
    return name, arguments


def read_result(raw: dict[str, Any], names: dict[str, str]) -> ServerToolResult:
    """A result. `names` has the neutral names of the calls so far by id; without one the block's type tells."""
    call_id = str(raw.get("tool_use_id") or "")
    kind = str(raw["type"]).removesuffix(RESULT)
    name = names.get(call_id) or neutral_name(kind.removeprefix("bash_"))
    content = raw.get("content")
    parts = content if isinstance(content, list) else [content]
    return ServerToolResult(
        call_id,
        name,
        "\n".join(filter(None, map(_output, parts))),
        [source for part in parts for source in _sources(part)],
        bool(raw.get("is_error")) or any(map(_failed, parts)),
        raw,
        WireFormat.ANTHROPIC,
    )


def _failed(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    return "error_code" in part or bool(part.get("return_code"))


def _output(part: Any) -> str:
    """What a part of a result says as text."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    if "stdout" in part or "stderr" in part:
        return str(part.get("stdout") or "") + str(part.get("stderr") or "")
    return next((text for read in OUTPUTS if (text := read(part))), "")


def _fetched(part: dict[str, Any]) -> str:
    document = part.get("content")
    source = document.get("source") if isinstance(document, dict) else None
    if not isinstance(source, dict) or source.get("type") != "text":
        return ""
    return str(source.get("data") or "")


def _named(part: dict[str, Any]) -> str:
    references = part.get("tool_references")
    found = references if isinstance(references, list) else []
    return ", ".join(str(tool.get("tool_name") or "") for tool in found if isinstance(tool, dict))


def _said(name: str) -> Callable[[dict[str, Any]], str]:
    def said(part: dict[str, Any]) -> str:
        value = part.get(name)
        return value if isinstance(value, str) else ""

    return said


OUTPUTS: tuple[Callable[[dict[str, Any]], str], ...] = (
    _said("text"),
    _said("content"),
    _fetched,
    _named,
    _said("error_message"),
    _said("error_code"),
)
"""Where a result has its text: an advisor's, a file that was viewed, a page that was fetched, tools that were found."""


def _sources(part: Any) -> list[Citation]:
    if not isinstance(part, dict) or not isinstance(part.get("url"), str):
        return []
    document = part.get("content")
    title = part.get("title") or (document.get("title") if isinstance(document, dict) else None)
    return [Citation(url=part["url"], title=str(title) if title else None, raw=part, origin=WireFormat.ANTHROPIC)]
