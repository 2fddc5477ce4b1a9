"""The parts of a model's turn, one wire part each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    FilePart,
    ModelResponsePart,
    NativeToolCallPart,
    NativeToolReturnPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.fields import camelled
from ccproxy.lightllm.gemini.media import load_blob
from ccproxy.lightllm.gemini.pairing import Pairing
from ccproxy.lightllm.server_tools import neutral_name
from ccproxy.lightllm.signatures import unsealed

type Part = dict[str, Any]

OWN = WireFormat.GEMINI.value

RESULTS = frozenset({"codeExecutionResult", "toolResponse"})
"""Results of tools that Google runs."""

KINDS = frozenset(
    {"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "toolCall"} | RESULTS
)
"""What a part can be (a protobuf `oneof`)."""


def kind_of(part: Part) -> str:
    """What a part is; empty for one that only has a signature, or is of a kind that nobody knows."""
    return next((name for name in part if name in KINDS), "")


def fields_of(part: Part, kind: str) -> dict[str, Any]:
    """The members of a part beside what it is, such as `videoMetadata`."""
    if len(part) == 1:
        return {}
    return {name: value for name, value in part.items() if name not in {kind, "thought", "thoughtSignature"}}


def load_model_part(part: Part, calls: Pairing, place: str) -> list[ModelResponsePart]:
    """What a part of a model's turn amounts to: a signature on it is thinking without text, right before it."""
    kind = kind_of(part)
    reader = READERS.get(kind)
    if reader is None and (kind or not part.keys() <= {"thought", "thoughtSignature"}):
        return [_native(kind, part, calls)]
    thought = part.get("thought") is True and kind in {"text", ""}
    parts = _thinking(str(part.get("text", "")) if thought else "", part.get("thoughtSignature"))
    if reader is None or thought or part.get("text") == "":
        return parts
    read = reader(part, calls, place)
    fields = fields_of(part, kind)
    if fields:
        read.provider_name, read.provider_details = OWN, {"fields": fields}
    return [*parts, read]


def _thinking(text: str, signature: Any) -> list[ModelResponsePart]:
    if signature:
        opaque = unsealed(str(signature), WireFormat.GEMINI)
        id = "redacted_thinking" if opaque.redacted else None
        return [ThinkingPart(text, id=id, signature=opaque.data, provider_name=opaque.origin.value)]
    return [ThinkingPart(text)] if text else []


def _text(part: Part, calls: Pairing, place: str) -> TextPart:
    return TextPart(str(part["text"]))


def _call(part: Part, calls: Pairing, place: str) -> ToolCallPart:
    call = camelled(part["functionCall"])
    name = call.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidCall(f"{place}.functionCall.name: a name is missing", "contents")
    return ToolCallPart(name, call.get("args") or {}, calls.called(call.get("id"), name))


def _file(part: Part, calls: Pairing, place: str) -> FilePart:
    return FilePart(load_blob(part["inlineData"], place))


READERS: dict[str, Callable[[Part, Pairing, str], Any]] = {"text": _text, "functionCall": _call, "inlineData": _file}


def _native(kind: str, part: Part, calls: Pairing) -> NativeToolCallPart | NativeToolReturnPart:
    """A part of a tool that Google runs, or something that nobody knows: kept as it is."""
    value = camelled(part.get(kind))
    details = {"raw": part}
    name = neutral_name(str(value["toolType"]).lower()) if "toolType" in value else NAMES.get(kind, "unknown")
    if kind in RESULTS:
        content = value.get("output", value.get("response", ""))
        id = calls.native_answered(value.get("id"))
        return NativeToolReturnPart(name, content, id, provider_name=OWN, provider_details=details)
    arguments = value.get("args") if kind == "toolCall" else value
    id = calls.native_called(value.get("id"))
    return NativeToolCallPart(name, arguments or {}, id, provider_name=OWN, provider_details=details)


NAMES = {"executableCode": "code_execution", "codeExecutionResult": "code_execution"}
