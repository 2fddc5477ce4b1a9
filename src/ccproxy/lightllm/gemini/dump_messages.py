"""Messages as `contents` and `systemInstruction`.

A call of a Gemini client keeps its contents as they are. Others are brought into Gemini's order: one content for what
stands on one side, the results of a turn's calls right after it and apart from everything else, because Gemini reads a
content that holds a function response as the model's own (github.com/pydantic/pydantic-ai/issues/4210).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    ModelResponse,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.gemini.dump_parts import ModelTurn
from ccproxy.lightllm.gemini.dump_prompts import dump_prompt
from ccproxy.lightllm.gemini.media import Media, dump_media, dump_own
from ccproxy.lightllm.gemini.models import traits_of
from ccproxy.lightllm.gemini.pairing import MADE_UP
from ccproxy.lightllm.gemini.results import dump_result
from ccproxy.lightllm.ids import safe_id

type Part = dict[str, Any]

BLANK = " "
"""The text of a turn that has to be there and has nothing to say."""

DUMMY = "skip_thought_signature_validator"
"""Stands for the signature of a call that another model made. Source: the FAQ of
ai.google.dev/gemini-api/docs/thought-signatures."""


class ContentWriter:
    """Writes the messages of a call."""

    def __init__(self, call: ModelCall) -> None:
        self.contents: list[Part] = []
        self.system: list[Part] = []
        self._call = call
        self._own = call.origin is WireFormat.GEMINI
        self._traits = traits_of(call.model)
        self._turn = ModelTurn(call)
        self._results: list[Part] = []
        self._result_media: list[Part] = []
        self._prompts: list[Part] = []
        self._begun = False

    def write(self) -> None:
        """Writes all messages."""
        for message in self._call.messages:
            if isinstance(message, ModelResponse):
                self._end_user()
                for part in message.parts:
                    self._turn.add(part)
                self._begun = True
            else:
                self._end_model()
                for prompt in message.parts:
                    self._request_part(prompt)
            if self._own:
                self._end_user()
                self._end_model()
        self._end_user()
        self._end_model()
        self._complete()

    def _request_part(self, part: Any) -> None:
        writer = next((write for kind, write in REQUEST_PARTS if isinstance(part, kind)), None)
        if writer is None:
            self._call.drops.add("unknown_block")
        else:
            writer(self, part)
            self._begun = self._begun or not isinstance(part, SystemPromptPart)

    def _system(self, part: SystemPromptPart) -> None:
        if part.metadata and "cache_control" in part.metadata:
            self._call.drops.add("cache_control")
        if part.content or self._own:
            (self._prompts if self._begun else self.system).append({"text": part.content})

    def _prompt(self, part: UserPromptPart) -> None:
        self._prompts += dump_prompt(part, self._call)

    def _result(self, part: ToolReturnPart[Any]) -> None:
        response, media = dump_result(part, self._call.drops)
        name = self._turn.names.get(part.tool_call_id)
        if name is None and not self._own:
            self._call.drops.add("unmatched_result")
            self._prompts += [{"text": text_of(response)}, *self._foreign(media)]
            return
        result: Part = {"name": name or part.tool_name, "response": response}
        if not part.tool_call_id.startswith(MADE_UP):
            result["id"] = part.tool_call_id if self._own else safe_id(part.tool_call_id)
        if self._own:
            self._own_result(result, media, part)
            return
        inside = [item for item in media if self._goes_inside(item)]
        if inside:
            result["parts"] = self._foreign(inside)
        self._results.append({"functionResponse": result})
        self._result_media += self._foreign([item for item in media if not self._goes_inside(item)])

    def _own_result(self, result: Part, media: list[Media], part: ToolReturnPart[Any]) -> None:
        if media:
            result["parts"] = [dump_own(item) for item in media]
        fields = part.metadata.get("fields", {}) if isinstance(part.metadata, dict) else {}
        self._prompts.append({"functionResponse": result | fields})

    def _goes_inside(self, item: Media) -> bool:
        """True for media that a function response itself may hold (Gemini 3 and later)."""
        return isinstance(item, BinaryContent) and item.media_type in self._traits.result_media

    def _foreign(self, media: list[Media]) -> list[Part]:
        parts = [dump_media(item, self._call.drops) for item in media]
        return [part for part in parts if part is not None]

    def _end_user(self) -> None:
        for parts in (self._results, self._result_media + self._prompts):
            if parts:
                self.contents.append({"role": "user", "parts": parts})
        if self._results or self._result_media or self._prompts:
            self._results, self._result_media, self._prompts = [], [], []

    def _end_model(self) -> None:
        parts = self._turn.take()
        if parts:
            self.contents.append({"role": "model", "parts": parts})

    def _complete(self) -> None:
        """Gives Gemini what it would refuse a conversation without: a user's turn first, signatures on calls."""
        if not self.contents or (not self._own and self.contents[0]["role"] == "model"):
            self.contents.insert(0, {"role": "user", "parts": [{"text": BLANK}]})
        if self._traits.signatures and not self._own:
            for content in reversed(self.contents):
                if content["role"] == "model":
                    sign(content["parts"])
                elif any("text" in part for part in content["parts"]):
                    return


def sign(parts: list[Part]) -> None:
    """Puts the documented dummy on the first call of a step of the open turn, if it has no signature."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", DUMMY)


def text_of(response: Part) -> str:
    """What a function response says, as text."""
    values = list(response.values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else orjson.dumps(response).decode()


REQUEST_PARTS: tuple[tuple[type, Callable[[ContentWriter, Any], None]], ...] = (
    (UserPromptPart, ContentWriter._prompt),
    (ToolReturnPart, ContentWriter._result),
    (SystemPromptPart, ContentWriter._system),
)
