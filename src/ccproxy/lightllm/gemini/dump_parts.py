"""A model's turn as parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    FilePart,
    NativeToolCallPart,
    NativeToolReturnPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.arguments import arguments_json, arguments_object
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.gemini.media import dump_media, dump_own
from ccproxy.lightllm.gemini.pairing import MADE_UP
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.server_tools import rule_of

type Part = dict[str, Any]

OWN = WireFormat.GEMINI.value

OWN_OR_NOBODYS = frozenset({None, OWN})
"""Whose thinking is sent: Gemini takes thoughts that are not signed."""


class ModelTurn:
    """Writes the parts of model turns; a signature goes onto the part that follows it."""

    def __init__(self, call: ModelCall) -> None:
        self.parts: list[Part] = []
        self.names: dict[str, str] = {}
        """The tools of all calls so far, by id."""
        self._call = call
        self._own = call.origin is WireFormat.GEMINI
        self._signature: str | None = None

    def add(self, part: Any) -> None:
        """Writes one part of a response."""
        writer = WRITERS.get(type(part)) or next((write for kind, write in BASES if isinstance(part, kind)), None)
        if writer is None:
            self._drop("unknown_block")
        else:
            writer(self, part)

    def take(self) -> list[Part]:
        """The parts so far; the next ones belong to another turn."""
        self._unattached()
        parts, self.parts = self.parts, []
        return parts

    def _put(self, part: Part) -> None:
        if self._signature is not None:
            if "thoughtSignature" in part:
                self._unattached()
            else:
                part["thoughtSignature"], self._signature = self._signature, None
        self.parts.append(part)

    def _unattached(self) -> None:
        """A signature that no part follows stands on a text of its own, as Gemini itself ends a stream."""
        if self._signature is not None:
            self.parts.append({"text": "", "thoughtSignature": self._signature})
            self._signature = None

    def _drop(self, rule: str) -> None:
        """Leaves a part out; the signature before it was made for it."""
        self._call.drops.add(rule)
        if self._signature is not None:
            self._call.drops.add("signature")
            self._signature = None

    def _text(self, part: TextPart) -> None:
        if part.content or self._own:
            self._put({"text": part.content, **self._details(part)})

    def _thinking(self, part: ThinkingPart) -> None:
        if part.provider_name not in OWN_OR_NOBODYS or (part.id == "redacted_thinking" and not part.signature):
            self._call.drops.add("thinking" if part.content or part.id == "redacted_thinking" else "signature")
            return
        signature = part.signature if part.provider_name == OWN else None
        if part.content:
            self._unattached()
            self.parts.append({"text": part.content, "thought": True})
            if signature and self._own:
                self.parts[-1]["thoughtSignature"] = signature
                return
        if signature:
            self._unattached()
            self._signature = signature

    def _tool_call(self, part: ToolCallPart) -> None:
        details = part.provider_details or {}
        arguments = part.args
        if details.get("custom"):
            arguments = {"input": arguments if isinstance(arguments, str) else arguments_json(arguments)}
        call: Part = {"name": part.tool_name, "args": arguments_object(arguments, self._call.drops)}
        if not part.tool_call_id.startswith(MADE_UP):
            call["id"] = part.tool_call_id if self._own else safe_id(part.tool_call_id)
        self.names[part.tool_call_id] = part.tool_name
        self._put({"functionCall": call, **self._details(part)})

    def _file(self, part: FilePart) -> None:
        if self._own:
            self._put({**dump_own(part.content), **self._details(part)})
            return
        media = dump_media(part.content, self._call.drops)
        if media is not None:
            self._put(media)

    def _native(self, part: NativeToolCallPart | NativeToolReturnPart) -> None:
        raw = (part.provider_details or {}).get("raw")
        if part.provider_name == OWN and isinstance(raw, dict):
            self._put(dict(raw))
        elif (rule := rule_of(part)) is not None:
            self._drop(rule)

    def _details(self, part: TextPart | ToolCallPart | FilePart) -> Part:
        """The members that only Gemini knows; cache markers are counted."""
        details = part.provider_details
        if not details:
            return {}
        if "cache_control" in details:
            self._call.drops.add("cache_control")
        return details.get("fields", {}) if self._own else {}


WRITERS: dict[type, Callable[[ModelTurn, Any], None]] = {
    TextPart: ModelTurn._text,
    ThinkingPart: ModelTurn._thinking,
    ToolCallPart: ModelTurn._tool_call,
    FilePart: ModelTurn._file,
    NativeToolCallPart: ModelTurn._native,
    NativeToolReturnPart: ModelTurn._native,
}

BASES = tuple(WRITERS.items())
"""For the subclasses that pydantic-ai has of some of them."""
