"""The items of a Responses `input` as pydantic-ai messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    FilePart,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextContent,
    TextPart,
    UserContent,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.data_uri import from_base64
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.declared import CARRIERS
from ccproxy.lightllm.openai_responses.load_calls import CallReader, native_part
from ccproxy.lightllm.openai_responses.load_parts import rest, user_content
from ccproxy.lightllm.openai_responses.reasoning import load_reasoning_item
from ccproxy.lightllm.server_tools import REFERENCE

OWN = WireFormat.OPENAI_RESPONSES
KNOWN_OF_MESSAGE = frozenset({"type", "role", "content", "id", "status", "phase"})
KNOWN_OF_TEXT = frozenset({"type", "text", "refusal"})
ASSISTANT_TEXTS = frozenset({"output_text", "input_text", "text", "refusal"})


class ItemReader:
    """Reads items one after the other; neighbours of one side become one message."""

    def __init__(self) -> None:
        self.messages: list[ModelMessage] = []
        self.carried: list[Any] = []
        """The `tools` of items that declare tools in mid-conversation."""
        self._requests: list[ModelRequestPart] | None = None
        self._responses: list[ModelResponsePart] | None = None
        self._calls = CallReader()

    def read(self, item: object, index: int) -> None:
        """The next item. Raises InvalidCall."""
        place = f"input[{index}]"
        if isinstance(item, str):
            item = {"role": "user", "content": item}
        if not isinstance(item, dict):
            raise InvalidCall(f"{place}: not an object", place)
        kind = item.get("type") or _kind(item)
        handler = HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            self._native(item, str(kind))
        else:
            handler(self, item if item.get("type") or kind == REFERENCE else {**item, "type": kind}, place)

    def system(self, text: str, metadata: dict[str, Any] | None = None) -> None:
        """A system prompt: an item of `input` has a `role`, the `instructions` have none."""
        self._request(SystemPromptPart(text, metadata=metadata))

    def _request(self, part: ModelRequestPart) -> None:
        if self._requests is None:
            self._requests, self._responses = [], None
            self.messages.append(ModelRequest(self._requests))
        self._requests.append(part)

    def _response(self, part: ModelResponsePart) -> None:
        if self._responses is None:
            self._requests, self._responses = None, []
            self.messages.append(ModelResponse(self._responses))
        self._responses.append(part)

    def _message(self, item: dict[str, Any], place: str) -> None:
        role, content = item.get("role", "user"), item.get("content")
        if role in ("assistant", "model"):
            self._assistant(item, content, place)
        elif role in ("system", "developer"):
            self._system(role, user_content(content, f"{place}.content"), place)
        elif role == "tool" and (item.get("call_id") or item.get("tool_call_id")):
            call_id = item.get("call_id") or item.get("tool_call_id")
            self._output({"type": "function_call_output", "call_id": call_id, "output": content}, place)
        else:
            self._request(UserPromptPart(user_content(content, f"{place}.content")))

    def _system(self, role: str, content: list[UserContent], place: str) -> None:
        media: list[UserContent] = []
        for part in content:
            if isinstance(part, str):
                self.system(part, {"role": role, "item": place})
            elif isinstance(part, TextContent) and "fields" in part.metadata:
                self.system(part.content, {"role": role, "item": place, **part.metadata})
            else:
                media.append(part)
        if media:
            self._request(UserPromptPart(media))

    def _assistant(self, item: dict[str, Any], content: object, place: str) -> None:
        shared = {name: item[name] for name in ("phase", "status") if item.get(name)}
        if more := rest(item, KNOWN_OF_MESSAGE):
            shared["fields"] = more
        if isinstance(content, str):
            self._response(TextPart(content, id=item.get("id"), provider_details=shared or None))
            return
        if isinstance(content, list) and len(content) > 1:
            shared["item"] = place
        if content is not None and not isinstance(content, list):
            raise InvalidCall(f"{place}.content: neither a text nor a list of parts", place)
        for part in content or ():
            self._assistant_part(part, item, shared)

    def _assistant_part(self, part: Any, item: dict[str, Any], shared: dict[str, Any]) -> None:
        if isinstance(part, str):
            part = {"type": "output_text", "text": part}
        kind = str(part.get("type", "output_text")) if isinstance(part, dict) else ""
        text = part.get("text", part.get("refusal")) if kind in ASSISTANT_TEXTS else None
        if not isinstance(text, str):
            self._native({"type": "message", "role": "assistant", "content": [part]}, "unknown")
            return
        details = dict(shared)
        if kind == "refusal":
            details["refusal"] = True
        elif len(part) > 2 and (more := {k: v for k, v in rest(part, KNOWN_OF_TEXT).items() if v}):
            details["part"] = more
        self._response(TextPart(text, id=item.get("id"), provider_details=details or None))

    def _call(self, item: dict[str, Any], place: str) -> None:
        self._response(self._calls.call(item, place))

    def _shell(self, item: dict[str, Any], place: str) -> None:
        self._response(self._calls.shell(item, place))

    def _output(self, item: dict[str, Any], place: str) -> None:
        self._request(self._calls.output(item, place))

    def _reasoning(self, item: dict[str, Any], place: str) -> None:
        self._response(load_reasoning_item(item))

    def _image(self, item: dict[str, Any], place: str) -> None:
        """An image that the model made is one for the others too, if it is there and not only named."""
        result = item.get("result")
        if not isinstance(result, str) or not result:
            self._native(item, "image_generation_call")
            return
        try:
            data = from_base64(result)
        except ValueError as error:
            raise InvalidCall(f"{place}.result: {error}", place) from None
        image = BinaryContent(data=data, media_type=f"image/{item.get('output_format') or 'png'}")
        self._response(FilePart(image, id=item.get("id"), provider_name=OWN, provider_details={"raw": item}))

    def _reference(self, item: dict[str, Any], place: str) -> None:
        """Only this format's own writer can say what is but named."""
        self._native(item, REFERENCE)

    def _native(self, item: dict[str, Any], kind: str) -> None:
        if kind in CARRIERS:
            self.carried.append(item.get("tools"))
        self._response(native_part(item, kind))


def _kind(item: dict[str, Any]) -> str:
    """What an item without a type is."""
    if "role" in item:
        return "message"
    if "call_id" in item:
        return "function_call_output" if "output" in item else "function_call"
    return "message" if "content" in item else "item_reference" if set(item) == {"id"} else "unknown"


HANDLERS: dict[str, Callable[[ItemReader, dict[str, Any], str], None]] = {
    "message": ItemReader._message,
    "function_call": ItemReader._call,
    "custom_tool_call": ItemReader._call,
    "local_shell_call": ItemReader._shell,
    "function_call_output": ItemReader._output,
    "custom_tool_call_output": ItemReader._output,
    "local_shell_call_output": ItemReader._output,
    "reasoning": ItemReader._reasoning,
    "image_generation_call": ItemReader._image,
    "item_reference": ItemReader._reference,
}
