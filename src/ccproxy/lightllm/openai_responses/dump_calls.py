"""Calls of the client's tools, and their outputs, as items of a Responses `input`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolCallPart, ToolReturnPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.arguments import arguments_json
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.openai_responses.declared import flat_name
from ccproxy.lightllm.openai_responses.dump_parts import PartWriter

OWN = WireFormat.OPENAI_RESPONSES
NO_RESULT = "(no result)"
"""Stands for the output of a call that has none: the API refuses calls without."""
CALLS = ("function_call", "custom_tool_call")
OUTPUT_OF = {True: "custom_tool_call_output", False: "function_call_output"}

type Item = dict[str, Any]


class CallWriter:
    """Writes calls, and outputs by the kind of their calls."""

    def __init__(self, call: ModelCall, parts: PartWriter) -> None:
        self._drops = call.drops
        self._own = call.origin is OWN
        self._parts = parts
        self._calls: dict[str, bool] = {}  # id of each call, and whether its tool takes free text
        self._answered = frozenset() if self._own else _answered(call.messages)

    def call(self, part: ToolCallPart) -> Item:
        """A call."""
        details = part.provider_details or {}
        if "cache_control" in details:
            self._drops.add("cache_control")
        call_id, custom = self._id(part.tool_call_id), bool(details.get("custom"))
        self._calls[call_id] = custom
        if self._own and details.get("kind") == "local_shell":
            action = {"type": "exec", **part.args_as_dict()}
            return {"type": "local_shell_call", "call_id": call_id, "action": action, **_own_fields(part, details)}
        item: Item = {"type": "custom_tool_call" if custom else "function_call", "call_id": call_id}
        item["name"] = part.tool_name
        if custom:
            item["input"] = part.args if isinstance(part.args, str) else arguments_json(part.args)
        else:
            item["arguments"] = arguments_json(part.args)
        return item | _own_fields(part, details) if self._own else item

    def output(self, part: ToolReturnPart) -> Item:
        """An output. The API refuses one without its call, so that becomes a message of the user's."""
        metadata = part.metadata if isinstance(part.metadata, dict) else {}
        if "cache_control" in metadata:
            self._drops.add("cache_control")
        call_id, output = self._id(part.tool_call_id), self._text_or_parts(part.content)
        if self._own:
            return self._own_output(call_id, output, metadata)
        if call_id not in self._calls:
            self._drops.add("unmatched_result")
            return {"type": "message", "role": "user", "content": output}
        return {"type": OUTPUT_OF[self._calls[call_id]], "call_id": call_id, "output": output}

    def _own_output(self, call_id: str, output: str | list[Item], metadata: dict[str, Any]) -> Item:
        kind, fields = metadata.get("kind") or OUTPUT_OF[self._calls.get(call_id, False)], metadata.get("fields", {})
        if kind == "local_shell_call_output" and "id" in fields:  # which stands for the call's
            return {"type": kind, "output": output, **fields}
        return {"type": kind, "call_id": call_id, "output": output, **fields}

    def missing_outputs(self, items: Iterable[Item]) -> Iterator[Item]:
        """Outputs for those calls among a turn's items that have none in the whole conversation."""
        for item in items:
            if item["type"] in CALLS and item["call_id"] not in self._answered:
                kind = OUTPUT_OF[self._calls[item["call_id"]]]
                yield {"type": kind, "call_id": item["call_id"], "output": NO_RESULT}

    def _text_or_parts(self, content: Any) -> str | list[Item]:
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return self._parts.content(content) or ""
        return orjson.dumps(content, default=str).decode()

    def _id(self, call_id: str) -> str:
        return call_id if self._own else safe_id(call_id)


def _answered(messages: Sequence[ModelMessage]) -> frozenset[str]:
    """The ids of the calls that have results."""
    return frozenset(
        safe_id(part.tool_call_id)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    )


def _own_fields(part: ToolCallPart, details: dict[str, Any]) -> Item:
    """What else a client of this format said of a call."""
    fields: Item = {"id": part.id} if part.id else {}
    namespace = details.get("namespace")
    if namespace and flat_name(namespace, details["name"]) == part.tool_name:
        fields |= {"namespace": namespace, "name": details["name"]}
    return {**fields, **details.get("fields", {})}
