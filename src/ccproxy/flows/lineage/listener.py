"""What a model says, put together from the events of a stream or from one object, in any of the four formats."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ccproxy.flows.lineage.canon import THOUGHTS

type Object = dict[str, Any]
type Pieces = dict[Any, list[str]]

STREAM = -1
"""The place of a text that comes in pieces without a number."""


@dataclass(slots=True)
class Listener:
    """Puts an answer together from the events of its stream, or from the one object that it is."""

    texts: Pieces = field(default_factory=lambda: defaultdict(list))
    calls: Pieces = field(default_factory=lambda: defaultdict(list))
    arguments: list[Any] = field(default_factory=list)
    """Of calls that came whole."""
    response: str | None = None

    def hear(self, event: Any) -> None:
        """Takes the next event, or all of an answer."""
        if not isinstance(event, dict):
            return
        self.of_messages(event)
        for choice in objects(event.get("choices")):
            self.of_chat(choice.get("index"), choice.get("delta") or choice.get("message"))
        self.of_responses(event)
        inner = event.get("response")
        for candidate in objects((inner if isinstance(inner, dict) else event).get("candidates")):
            content = candidate.get("content")
            self.blocks(content.get("parts") if isinstance(content, dict) else None, STREAM)

    def of_messages(self, event: Object) -> None:
        """Anthropic's: `content`, or blocks and deltas by index."""
        delta, at = event.get("delta"), event.get("index")
        if isinstance(delta, dict):
            piece(self.texts, at, delta.get("text"))
            piece(self.calls, at, delta.get("partial_json"))
        self.blocks(event.get("content"))

    def of_chat(self, at: Any, message: Any) -> None:
        """OpenAI's Chat Completions: `content` and `tool_calls`, in pieces or not."""
        if not isinstance(message, dict):
            return
        piece(self.texts, at, message.get("content"))
        for number, call in enumerate(objects(message.get("tool_calls"))):
            function = call.get("function")
            if isinstance(function, dict):
                piece(self.calls, (str(at), str(call.get("index", number))), function.get("arguments"))

    def of_responses(self, event: Object) -> None:
        """OpenAI's Responses: whole items, and the response around them."""
        inner = event.get("response", event)
        if isinstance(inner, dict) and isinstance(inner.get("id"), str) and inner.get("object") == "response":
            self.response = inner["id"]
        items = objects(event.get("output")) if event.get("object") == "response" else objects([event.get("item")])
        if event.get("type") in (None, "response.output_item.done"):
            for item in items:
                self.blocks([item])
                self.blocks(item.get("content"))

    def blocks(self, blocks: Any, at: int | None = None) -> None:
        """Blocks that are whole: calls, text (a piece of that at a place, if one is given), what is encrypted."""
        for block in objects(blocks):
            piece(self.texts, len(self.texts) if at is None else at, block.get("text") or sealed(block))
            function = block.get("functionCall")
            arguments = function.get("args") if isinstance(function, dict) else block.get("input")
            self.arguments.append(block.get("arguments", arguments))

    def text(self) -> str:
        """All text that was said."""
        return "\n".join("".join(pieces) for pieces in self.texts.values())

    def called(self) -> list[Any]:
        """The arguments of all calls, as JSON or as text that is JSON."""
        return [*self.arguments, *("".join(pieces) for pieces in self.calls.values())]


def objects(value: Any) -> list[Object]:
    """The objects in a list, if it is one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def sealed(item: Object) -> Any:
    """What an item of the Responses API holds that only the provider can read, such as a summary; thoughts apart."""
    return None if item.get("type") in THOUGHTS else item.get("encrypted_content")


def piece(pieces: Pieces, at: Any, text: Any) -> None:
    """Adds a piece of text to what it is a piece of."""
    if isinstance(text, str) and text:
        pieces[at if isinstance(at, int | tuple) else 0].append(text)
