"""A message item as a stream brings it: parts of text and of refusal, with sources and log-probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.logprobs import whole_tokens
from ccproxy.lightllm.openai_responses.citations import read_annotation

type Events = list[ev.Event]
type Numbers = Callable[[], int]
"""Gives the next block's index."""


@dataclass(slots=True)
class Part:
    """A content part of a message: a block of text or of refusal."""

    index: int
    refusal: bool
    told: int = 0
    """Characters passed on."""
    cited: int = 0
    logged: bool = False
    open: bool = True


class Message:
    """A message item."""

    calls = False

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._own: dict[str, Any] | None = None
        self.parts: dict[int, Part] = {}
        self.done = False

    @property
    def refuses(self) -> bool:
        """True if one of the parts is a refusal."""
        return any(part.refusal for part in self.parts.values())

    def begin(self, item: dict[str, Any]) -> Events:
        """Nothing: parts open by themselves."""
        self._own = owned(item, "id", "phase") or self._own
        return []

    def text(self, key: int, delta: str, refusal: bool) -> Events:
        """More of a part, which is opened if need be."""
        out: Events = []
        part = self.part(key, refusal, out)
        if delta and part.open:
            part.told += len(delta)
            out.append(ev.RefusalDelta(part.index, delta) if part.refusal else ev.TextDelta(part.index, delta))
        return out

    def part(self, key: int, refusal: bool, out: Events) -> Part:
        """A part, opened if it is new."""
        part = self.parts.get(key)
        if part is None:
            part = self.parts[key] = Part(self._numbers(), refusal)
            out.append((ev.RefusalStart if refusal else ev.TextStart)(part.index, self._own))
        return part

    def rest(self, key: int, whole: str, refusal: bool) -> Events:
        """What is missing of a part's words."""
        part = self.parts.get(key)
        return self.text(key, whole[part.told if part else 0 :], refusal)

    def annotation(self, key: int, annotation: Any) -> Events:
        """A source of a part."""
        out: Events = []
        part = self.part(key, False, out)
        citation = read_annotation(annotation)
        part.cited += 1
        if citation is not None and part.open and not part.refusal:
            out.append(ev.CitationDelta(part.index, citation))
        return out

    def logprobs(self, key: int, tokens: list[dict[str, Any]]) -> Events:
        """Log-probabilities of a part."""
        out: Events = []
        part = self.part(key, False, out)
        part.logged = True
        tokens = whole_tokens(tokens)
        if tokens and part.open and not part.refusal:
            out.append(ev.LogprobsDelta(part.index, tokens))
        return out

    def finish_part(self, key: int, given: dict[str, Any]) -> Events:
        """A part is whole."""
        refusal = isinstance(given.get("refusal"), str)
        words = given.get("refusal" if refusal else "text")
        out = self.rest(key, words, refusal) if isinstance(words, str) else []
        part = self.part(key, refusal, out)
        if isinstance(annotations := given.get("annotations"), list):
            for annotation in annotations[part.cited :]:
                out += self.annotation(key, annotation)
        if isinstance(tokens := given.get("logprobs"), list) and tokens and not part.logged:
            out += self.logprobs(key, tokens)
        if part.open:
            part.open = False
            out.append(ev.BlockStop(part.index))
        return out

    def finish(self, item: dict[str, Any]) -> Events:
        """The message is whole."""
        self.begin(item)
        self.done = True
        content = item.get("content")
        if isinstance(content, str):
            content = [{"type": "output_text", "text": content}] if content else []
        out: Events = []
        for key, given in enumerate(content if isinstance(content, list) else []):
            if isinstance(given, dict) and (key in self.parts or _has_words(given)):
                out += self.finish_part(key, given)
        for key, part in self.parts.items():
            if part.open:
                out += self.finish_part(key, {})
        return out


def owned(item: dict[str, Any], *names: str) -> dict[str, Any] | None:
    """What an item has that other formats have not."""
    found = {name: value for name in names if isinstance(value := item.get(name), str) and value}
    return found or None


def _has_words(part: dict[str, Any]) -> bool:
    return isinstance(part.get("text"), str) or isinstance(part.get("refusal"), str)
