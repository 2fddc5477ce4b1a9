"""`contents` and `systemInstruction` as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextContent,
    ThinkingPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.fields import camelled
from ccproxy.lightllm.gemini.load_parts import Part, fields_of, kind_of, load_model_part
from ccproxy.lightllm.gemini.media import load_blob, load_file
from ccproxy.lightllm.gemini.pairing import Pairing
from ccproxy.lightllm.gemini.results import load_result

MODEL_ROLES = frozenset({"model", "assistant"})


class MessageReader:
    """Reads contents, one message each, in order."""

    def __init__(self, drops: Drops) -> None:
        self._drops = drops
        self.messages: list[ModelMessage] = []
        self._request: list[Any] = []
        self._prompt: list[Any] = []  # what goes into the next UserPromptPart of the request
        self._response: list[Any] = []
        self._calls = Pairing()

    def contents(self, contents: Any) -> None:
        """Reads the conversation: a list, or a single content. Raises InvalidCall."""
        if contents is None:
            raise InvalidCall("contents: a list of contents is expected", "contents")
        given = contents if isinstance(contents, list) else [contents]
        for index, content in enumerate(given):
            self._content(content, f"contents[{index}]")

    def system(self, instruction: Any) -> None:
        """Reads the system instruction, a prompt for each part. Raises InvalidCall."""
        if not instruction:
            return
        content = {"parts": instruction} if isinstance(instruction, str | list) else instruction
        if not isinstance(content, dict):
            raise InvalidCall("systemInstruction: a content is an object", "systemInstruction")
        parts = [as_part(part, "systemInstruction") for part in parts_of(content, "systemInstruction")]
        prompts = [SystemPromptPart(part["text"]) for part in parts if isinstance(part.get("text"), str)]
        if len(prompts) < len(parts):
            self._drops.add("unknown_block", count=len(parts) - len(prompts))
        if prompts:
            self.messages.append(ModelRequest(prompts))

    def _content(self, content: Any, place: str) -> None:
        if isinstance(content, str):
            content = {"parts": content}
        if not isinstance(content, dict):
            raise InvalidCall(f"{place}: a content is an object", "contents")
        model = str(content.get("role")) in MODEL_ROLES
        for index, given in enumerate(parts_of(content, place)):
            part = as_part(given, place)
            kind = kind_of(part)
            if kind == "functionResponse":
                self._result(part, f"{place}.parts[{index}].functionResponse")
            elif model or kind == "functionCall":
                self._end_request()
                self._of_model(load_model_part(part, self._calls, f"{place}.parts[{index}]"))
            else:
                self._of_user(kind, part, f"{place}.parts[{index}]")
        self._end_request()
        self._end_response()

    def _of_model(self, parts: list[ModelResponsePart]) -> None:
        """Another vendor's signature stands behind the thoughts that it signs, which came in pieces."""
        first = parts[0] if parts else None
        if (
            isinstance(first, ThinkingPart)
            and first.id is None
            and first.provider_name not in (None, WireFormat.GEMINI)
        ):
            thoughts = [first.content]
            while self._response and is_unsigned(self._response[-1]):
                thoughts.append(str(self._response.pop().content))
            first.content = "".join(reversed(thoughts))
        self._response += parts

    def _of_user(self, kind: str, part: Part, place: str) -> None:
        self._end_response()
        fields = fields_of(part, kind)
        if kind == "text":
            text = str(part["text"])
            self._prompt.append(TextContent(text, metadata={"fields": fields}) if fields else text)
        elif kind in MEDIA:
            media = MEDIA[kind](part[kind], place)
            if fields:
                media.vendor_metadata = {**(media.vendor_metadata or {}), "fields": fields}
            self._prompt.append(media)
        elif part:
            self._prompt.append(TextContent("", metadata={"raw": part}))

    def _result(self, part: Part, place: str) -> None:
        self._end_response()
        self._end_prompt()
        value = camelled(part["functionResponse"])
        id, name = self._calls.answered(value.get("id"), value.get("name"))
        self._request.append(load_result(value, id, name, place))

    def _end_prompt(self) -> None:
        if self._prompt:
            self._request.append(UserPromptPart(self._prompt))
            self._prompt = []

    def _end_request(self) -> None:
        self._end_prompt()
        if self._request:
            self.messages.append(ModelRequest(self._request))
            self._request = []

    def _end_response(self) -> None:
        if self._response:
            self.messages.append(ModelResponse(self._response))
            self._response = []


MEDIA: dict[str, Callable[[Any, str], Any]] = {"inlineData": load_blob, "fileData": load_file}


def is_unsigned(part: ModelResponsePart) -> bool:
    """True for thinking without a signature."""
    return isinstance(part, ThinkingPart) and part.signature is None


def parts_of(content: dict[str, Any], place: str) -> list[Any]:
    """The parts of a content; one that stands alone counts as a list of it. Raises InvalidCall."""
    parts = content.get("parts")
    if parts is None:
        return []
    if isinstance(parts, str | dict):
        return [parts]
    if not isinstance(parts, list):
        raise InvalidCall(f"{place}.parts: a list is expected", "contents")
    return parts


def as_part(part: Any, place: str) -> Part:
    """A part with its members in camelCase, those without a value left out. Raises InvalidCall."""
    if isinstance(part, str):
        return {"text": part}
    if not isinstance(part, dict):
        raise InvalidCall(f"{place}: a part is an object", "contents")
    return camelled(part)
