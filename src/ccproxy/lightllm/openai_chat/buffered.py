"""Chat Completions in one piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.arguments import arguments_json
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_chat.answers import (
    custom_tools,
    envelope,
    free_text,
    google_signature,
    logprobs,
    members_beside,
    tool_call,
)
from ccproxy.lightllm.openai_chat.citations import write_citation
from ccproxy.lightllm.openai_chat.errors import read_error
from ccproxy.lightllm.openai_chat.images import write_image
from ccproxy.lightllm.openai_chat.reader import StreamReader
from ccproxy.lightllm.openai_chat.stops import write_stop
from ccproxy.lightllm.openai_chat.usage import write_usage


def read_body(document: Any) -> Iterable[ev.Event]:
    """The events of an answer: its message is read as one delta. Raises Malformed."""
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list) or not choices:
        error = read_error(document, 0) if isinstance(document, dict | list) else None
        if error is None:
            raise Malformed("the provider's answer has no choices")
        return [ev.Error(error)]
    reader = StreamReader()
    return [*reader.chunk(document, whole=True), *reader.done()]


def write_body(answer: an.Answer, asked: Asked) -> dict[str, Any]:
    """The answer as a `chat.completion`."""
    message = Message(asked.drops, custom_tools(asked))
    for block in answer.blocks:
        WRITERS[type(block)](message, block)
    finish = write_stop(answer.finish.reason if answer.finish else None, bool(message.calls), bool(message.refusal))
    choice = {
        "index": 0,
        "message": message.document(),
        "logprobs": logprobs(message.logprobs) if message.logprobs else None,
        "finish_reason": finish,
    }
    return {
        **envelope(answer.start, asked.model, "chat.completion"),
        "choices": [choice],
        "usage": write_usage(answer.usage),
        **members_beside(answer.finish),
    }


@dataclass(slots=True)
class Message:
    """A message that is being written, block by block."""

    drops: Drops
    custom: frozenset[str]
    text: str = ""
    refusal: str = ""
    thinking: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    signature: str = ""
    """Gemini's, of the call that is to come."""

    def document(self) -> dict[str, Any]:
        """The message. Its content is null only beside calls or a refusal."""
        self.forget_signature()
        members: dict[str, Any] = {
            "role": "assistant",
            "content": None if not self.text and (self.calls or self.refusal) else self.text,
            "refusal": self.refusal or None,
            "annotations": self.annotations,
        }
        if self.thinking:
            members["reasoning_content"] = "\n\n".join(self.thinking)
        if self.calls:
            members["tool_calls"] = self.calls
        if self.images:
            members["images"] = self.images
        return members

    def add_text(self, block: an.Text) -> None:
        """Takes text and its sources."""
        self.forget_signature()
        begin, text = len(self.text), block.text
        self.text += text
        self.logprobs += block.logprobs
        for citation in block.citations:
            annotation = write_citation(citation, begin, len(text))
            if annotation is None:
                self.drops.add("citations")
            else:
                self.annotations.append(annotation)

    def add_thinking(self, block: an.Thinking) -> None:
        """Takes thinking; of signatures only Gemini's has a place, on the call that follows."""
        if block.text:
            self.thinking.append(block.text)
        if block.signature is None:
            return
        self.forget_signature()
        if block.signature.origin is WireFormat.GEMINI:
            self.signature = block.signature.data
        else:
            self.drops.add("signature")

    def forget_signature(self) -> None:
        """Counts a signature that no call took."""
        if self.signature:
            self.signature = ""
            self.drops.add("signature")

    def add_call(self, block: an.ToolCall) -> None:
        """Takes a call, in the form in which the client declared the tool."""
        custom = block.name in self.custom
        arguments = block.arguments
        if custom and not block.custom:
            arguments = free_text(arguments)
        elif block.custom and not custom:
            arguments = arguments_json({"input": arguments})
        entry = tool_call(block.id, block.name, arguments if custom else arguments_json(arguments), custom)
        if self.signature:
            entry["extra_content"] = google_signature(self.signature)
            self.signature = ""
        self.calls.append(entry)

    def add_refusal(self, block: an.Refusal) -> None:
        """Takes words of refusal."""
        self.refusal += block.text

    def add_media(self, block: ev.Media) -> None:
        """Takes an image."""
        image = write_image(block)
        if image is None:
            self.drops.add("media")
        else:
            self.images.append(image)


def _drop(rule: str) -> Callable[[Message, Any], None]:
    return lambda message, block: message.drops.add(rule)


WRITERS: dict[type, Callable[[Message, Any], None]] = {
    an.Text: Message.add_text,
    an.Thinking: Message.add_thinking,
    an.ToolCall: Message.add_call,
    an.Refusal: Message.add_refusal,
    ev.Media: Message.add_media,
    ev.Redacted: _drop("signature"),
    ev.ServerToolCall: _drop("server_tool_blocks"),
    ev.ServerToolResult: _drop("server_tool_blocks"),
    ev.Unknown: _drop("unknown_block"),
}
