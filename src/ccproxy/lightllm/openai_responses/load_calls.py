"""Calls of tools, and what they brought, as a Responses `input` has them."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic_ai.messages import NativeToolCallPart, NativeToolReturnPart, ToolCallPart, ToolReturnPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.declared import flat_name
from ccproxy.lightllm.openai_responses.load_parts import rest, user_content
from ccproxy.lightllm.server_tools import REFERENCE, neutral_name

OWN = WireFormat.OPENAI_RESPONSES
KNOWN_OF_CALL = frozenset({"type", "id", "call_id", "name", "arguments", "input", "action", "namespace"})
KNOWN_OF_OUTPUT = frozenset({"type", "call_id", "output"})

SERVER_ITEMS = frozenset({
    "web_search", "file_search", "code_interpreter", "computer", "image_generation", "mcp", "mcp_list_tools",
    "mcp_approval", "shell", "apply_patch", "tool_search", "additional_tools", "compaction", "compaction_trigger",
    "program", "configuration_update",
})  # fmt: skip
"""Kinds of items, without their endings, that only OpenAI's servers and clients know what to do with."""
ENDINGS = ("_call_output", "_call", "_output", "_request", "_response")
ENDINGS_OF_RESULTS = ("_call_output", "_output", "_response")


class CallReader:
    """Reads calls and their outputs, which name the calls by id only."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # of tools, by the ids of their calls
        self._call_ids: dict[str, str] = {}  # by the ids of items, which outputs of local shells name instead

    def call(self, item: dict[str, Any], place: str) -> ToolCallPart:
        """A `function_call` or a `custom_tool_call`. Raises InvalidCall."""
        name, details = item.get("name"), dict[str, Any]()
        if not isinstance(name, str) or not name:
            raise InvalidCall(f"{place}.name: missing", f"{place}.name")
        if item["type"] == "custom_tool_call":
            details["custom"], args = True, item.get("input", "")
        else:
            args = item.get("arguments", "")
        if item.get("namespace"):
            details["namespace"], details["name"] = item["namespace"], name
            name = flat_name(item["namespace"], name)
        return self._part(item, name, args, details, place)

    def shell(self, item: dict[str, Any], place: str) -> ToolCallPart:
        """A `local_shell_call`: Codex's own tool, which is a function for all but OpenAI."""
        action = item.get("action")
        args = {k: v for k, v in action.items() if k != "type"} if isinstance(action, dict) else {}
        return self._part(item, "local_shell", args, {"kind": "local_shell"}, place)

    def _part(self, item: dict[str, Any], name: str, args: Any, details: dict[str, Any], place: str) -> ToolCallPart:
        call_id = str(item.get("call_id") or item.get("id") or f"call_{place}")
        self._names[call_id] = name
        if name == "local_shell" and item.get("id"):
            self._call_ids[str(item["id"])] = call_id
        if len(item) > 4 and (more := rest(item, KNOWN_OF_CALL)):
            details["fields"] = more
        args = args if isinstance(args, str | dict) else orjson.dumps(args).decode()
        return ToolCallPart(name, args, call_id, id=item.get("id"), provider_details=details or None)

    def output(self, item: dict[str, Any], place: str) -> ToolReturnPart:
        """The output of any of them. Raises InvalidCall."""
        call_id, output, kind = item.get("call_id"), item.get("output"), item["type"]
        if kind == "local_shell_call_output":
            call_id = call_id or item.get("id")
        if not call_id:
            raise InvalidCall(f"{place}.call_id: missing", f"{place}.call_id")
        metadata = {} if kind == "function_call_output" else {"kind": kind}
        if more := rest(item, KNOWN_OF_OUTPUT):
            metadata["fields"] = more
        call_id = self._call_ids.get(str(call_id), str(call_id))
        name = self._names.get(call_id) or item.get("name") or "unknown"
        content: Any = output
        if isinstance(output, list):
            content = user_content(output, f"{place}.output")
        elif not isinstance(output, str):
            content = "" if output is None else orjson.dumps(output).decode()
        return ToolReturnPart(str(name), content, call_id, metadata=metadata or None)


def native_part(item: dict[str, Any], kind: str) -> NativeToolCallPart | NativeToolReturnPart:
    """An item of the provider's own, or of a kind that the house does not know, whole."""
    ending = next((end for end in ENDINGS if kind.endswith(end)), "")
    stem = kind.removesuffix(ending)
    name = neutral_name(stem) if stem in SERVER_ITEMS else kind if kind == REFERENCE else "unknown"
    call_id, details = str(item.get("call_id") or item.get("id") or ""), {"raw": item}
    if ending in ENDINGS_OF_RESULTS:
        content = item.get("output")
        text = content if isinstance(content, str) else ""
        return NativeToolReturnPart(name, text, call_id, provider_name=OWN, provider_details=details)
    args = item.get("action", item.get("arguments"))
    args = args if isinstance(args, str | dict) else None
    return NativeToolCallPart(name, args, call_id, provider_name=OWN, provider_details=details)
