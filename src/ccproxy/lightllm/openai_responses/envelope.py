"""The response object that stands around the output: https://platform.openai.com/docs/api-reference/responses/object."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import MessageStart, Usage, WireError
from ccproxy.lightllm.ids import answer_id
from ccproxy.lightllm.openai_responses.errors import failure
from ccproxy.lightllm.openai_responses.usage import write_usage

ECHOED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Request fields that come back in the response, and what stands there if the client did not set them. Clients with
strict types (the SDKs' Response) demand `parallel_tool_calls`, `tool_choice` and `tools`."""

MERGED = ("reasoning", "text")
"""Echoed objects that are filled up with their defaults."""

TIERS = frozenset({"default", "flex", "scale", "priority", "fast", "ultrafast"})


class Envelope:
    """Writes the response object in its states."""

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._echo = _echoed(asked)
        tier = asked.document.get("service_tier")
        self._fixed: dict[str, Any] = {"service_tier": tier if tier in TIERS else "default"}

    def begin(self, start: MessageStart) -> None:
        """Fixes id, model and time."""
        self._fixed = {
            "id": answer_id(start.id, "resp_", start.origin is WireFormat.OPENAI_RESPONSES),
            "object": "response",
            "created_at": int(time.time()) if start.created is None else start.created,
            "model": start.model or self._model or "unknown",
            "service_tier": start.service_tier if start.service_tier in TIERS else self._fixed["service_tier"],
        }

    def running(self) -> dict[str, Any]:
        """The response at its beginning."""
        return self._document("in_progress", [], None)

    def finished(
        self,
        output: list[dict[str, Any]],
        usage: Usage,
        incomplete: str | None,
        metadata: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The response at its end. `incomplete` is the reason if it is not complete, `metadata` what the end tells
        beside the client's own."""
        document = self._document("incomplete" if incomplete else "completed", output, write_usage(usage))
        if incomplete:
            document["incomplete_details"] = {"reason": incomplete}
        else:
            document["completed_at"] = max(int(time.time()), int(self._fixed["created_at"]))
        if metadata:
            given = document["metadata"]
            document["metadata"] = (given if isinstance(given, dict) else {}) | dict(metadata)
        return document

    def failed(self, output: list[dict[str, Any]], error: WireError) -> dict[str, Any]:
        """The response that ended in an error. `output` is what was whole by then."""
        return {**self._document("failed", output, None), "error": failure(error)}

    def _document(self, status: str, output: list[dict[str, Any]], usage: dict[str, Any] | None) -> dict[str, Any]:
        state = {"status": status, "completed_at": None, "error": None, "incomplete_details": None}
        return {**self._fixed, **state, **self._echo, "output": output, "usage": usage}


def _echoed(asked: Asked) -> dict[str, Any]:
    document = asked.document
    echo = {name: default if document.get(name) is None else document[name] for name, default in ECHOED.items()}
    for name in MERGED:
        if isinstance(echo[name], dict):
            echo[name] = ECHOED[name] | {key: value for key, value in echo[name].items() if value is not None}
    if isinstance(echo["tools"], list):
        echo["tools"] = [_tool(tool) for tool in echo["tools"]]
    return echo if _can_be_written(echo) else ECHOED


def _can_be_written(echo: dict[str, Any]) -> bool:
    """False for what is nested too deeply: orjson reads 1024 levels and writes 254."""
    try:
        orjson.dumps([[[echo]]])
    except TypeError:
        return False
    return True


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict) or tool.get("type", "function") != "function" or "name" not in tool:
        return tool
    return {"type": "function", "description": None, "parameters": None, "strict": None, **tool}
