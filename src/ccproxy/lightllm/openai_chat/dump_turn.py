"""One turn of the model as an assistant message, and what follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from pydantic_ai.messages import (
    FilePart,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.arguments import arguments_json
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.data_uri import data_uri
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.openai_chat.dump_content import content_of
from ccproxy.lightllm.openai_chat.dump_media import Part, outer
from ccproxy.lightllm.openai_chat.models import Model
from ccproxy.lightllm.server_tools import rule_of

OWN = WireFormat.OPENAI
LONGEST = 40
"""Characters of a tool call's id."""


def tool_id(id: str, own: bool) -> str:
    """A call's id as OpenAI takes it; a client's own stays as it is."""
    return id if own else safe_id(id, LONGEST)


class Turn:
    """Gathers a turn: responses in a row, the results of their calls, and media of these results."""

    def __init__(self, call: ModelCall, model: Model) -> None:
        self._call = call
        self._model = model
        self._own = call.origin is OWN
        self._content: list[Part] = []
        self._calls: list[Part] = []
        self._members: dict[str, Any] = {}
        self._reasoning: dict[str, Any] = {}
        self._media: list[tuple[str, list[Part]]] = []
        self.unanswered: dict[str, str] = {}
        """Ids of calls without a result as they stood, and as they are written."""
        self.results: list[Part] = []

    def add(self, message: ModelResponse) -> None:
        """Takes a response."""
        for part in message.parts:
            handler = PARTS.get(type(part))
            if handler is not None:
                handler(self, part)
        if message.metadata:
            self._members.update(outer(message.metadata, self._call))

    def result(self, part: ToolReturnPart, parts: list[Part]) -> None:
        """Takes a call's result. Tool messages hold text only: media come after all of them."""
        self.unanswered.pop(part.tool_call_id, None)
        texts = [item for item in parts if item["type"] == "text"]
        media = [item for item in parts if item["type"] != "text"]
        id = tool_id(part.tool_call_id, own=False)
        self.results.append({"role": "tool", "tool_call_id": id, "content": content_of(texts) if texts else ""})
        if media:
            self._media.append((f"From the result of {part.tool_name or 'the tool'} ({id}):", media))

    def message(self) -> Part | None:
        """The assistant message; None if there is nothing to say."""
        if not self._content and not self._calls and not self._own:
            return None
        message: Part = {"role": "assistant", "content": content_of(self._content) if self._content else None}
        if not self._content and not self._calls and "function_call" not in self._members:
            message["content"] = ""
        message.update(self._reasoning)
        if self._calls:
            if self._model.wants_thinking and not self._own:
                message.setdefault("reasoning_content", "")
            message["tool_calls"] = self._calls
        message.update(self._members)
        return message

    def media_messages(self) -> list[Part]:
        """What results hold beside text, as a user's message; told apart where several results have such."""
        parts: list[Part] = []
        for label, media in self._media:
            if len(self._media) > 1:
                parts.append({"type": "text", "text": label})
            parts += media
        return [{"role": "user", "content": parts}] if parts else []

    def _text(self, part: TextPart) -> None:
        details = part.provider_details or {}
        kind = "refusal" if details.get("refusal") else "text"
        beside = outer(details, self._call) if details else {}
        if part.content or self._own:
            self._content.append({"type": kind, kind: part.content, **beside})

    def _thinking(self, part: ThinkingPart) -> None:
        """No vendor's signed thinking can go to another. What is not signed came from a server of this format, which
        may want it back: DeepSeek refuses tool calls without it. OpenAI never gave any and refuses the field.
        """
        details = part.provider_details or {}
        form = details.get("form", "reasoning_content") if self._own else "reasoning_content"
        if form == "fields":
            return
        if form == "thinking":
            self._content.append(
                {"type": form, form: [{"type": "text", "text": part.content}], **outer(details, self._call)}
            )
        elif part.signature and part.provider_name == OWN.value:
            self._reasoning.setdefault("reasoning_details", []).append(_detail(part))
        elif self._own or not (part.signature or part.id == "redacted_thinking" or self._model.openai):
            if part.content:
                before = self._reasoning.get(form)
                between = "" if self._call.origin is WireFormat.GEMINI else "\n\n"  # Gemini's are pieces of a stream
                self._reasoning[form] = part.content if before is None else f"{before}{between}{part.content}"
        else:
            self._call.drops.add("thinking" if part.content or not part.signature else "signature")

    def _call_part(self, part: ToolCallPart) -> None:
        details = part.provider_details or {}
        beside = outer(details, self._call) if details else {}
        if self._own and details.get("form") == "function_call":
            arguments = arguments_json(part.args)
            self._members["function_call"] = {"name": part.tool_name, "arguments": arguments}
            return
        id = tool_id(part.tool_call_id, self._own)
        self.unanswered[part.tool_call_id] = id
        if details.get("custom") and (self._own or self._model.free_text):
            inner = {"name": part.tool_name, "input": _free_text(part.args)}
            self._calls.append({"id": id, "type": "custom", "custom": inner, **beside})
        else:
            args = {"input": _free_text(part.args)} if details.get("custom") else part.args
            inner = {"name": part.tool_name, "arguments": arguments_json(args)}
            self._calls.append({"id": id, "type": "function", "function": inner, **beside})

    def _native(self, part: NativeToolCallPart | NativeToolReturnPart) -> None:
        details = part.provider_details or {}
        raw = details.get("raw")
        if self._own and part.provider_name == OWN.value and isinstance(raw, dict):
            (self._calls if details.get("form") == "tool_calls" else self._content).append(raw)
        elif (rule := rule_of(part)) is not None:
            self._call.drops.add(rule)

    def _file(self, part: FilePart) -> None:
        """An assistant message holds no images: they come after it, from the user."""
        if (part.provider_details or {}).get("form") == "fields" and self._own:
            return
        if not part.content.media_type.startswith("image/"):
            self._call.drops.add("media")
            return
        url = data_uri(part.content.media_type, part.content.data)
        image = {"type": "image_url", "image_url": {"url": url}}
        if self._own:
            self._members.setdefault("images", []).append(image)
        else:
            self._media.append(("From the assistant:", [image]))


def _detail(part: ThinkingPart) -> Part:
    """A signature of a server of this format: openrouter.ai/docs, "Preserving reasoning blocks"."""
    if part.content:
        return {"type": "reasoning.text", "text": part.content, "signature": part.signature}
    return {"type": "reasoning.encrypted", "data": part.signature}


def _free_text(args: Any) -> str:
    if isinstance(args, dict):
        text = args.get("input")
        return text if isinstance(text, str) and len(args) == 1 else orjson.dumps(args).decode()
    return args or ""


PARTS: dict[type, Callable[[Turn, Any], None]] = {
    TextPart: Turn._text,
    ThinkingPart: Turn._thinking,
    ToolCallPart: Turn._call_part,
    NativeToolCallPart: Turn._native,
    NativeToolReturnPart: Turn._native,
    FilePart: Turn._file,
}
