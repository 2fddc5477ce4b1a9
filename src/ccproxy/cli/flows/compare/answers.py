"""A provider's answer and the client's, read as what the model said: the same words, or others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange, HttpResponse, WireFormat
    from ccproxy.flows.diff.values import Edit, ValueChange
    from ccproxy.lightllm.answer import Answer


@dataclass(frozen=True, slots=True)
class SaidChange:
    """A block of an answer that is not the same on both sides."""

    kind: str
    old: str | None
    new: str | None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswersCompared:
    """What either answer says."""

    formats: tuple[str, str]
    same: dict[str, int] = field(default_factory=dict)
    """How many blocks of each kind say the same."""
    changes: tuple[SaidChange, ...] = ()
    usage: tuple[ValueChange, ...] = ()
    """Token counts that are not the same: each format counts what it has a word for."""


def answers_compared(ex: Exchange) -> AnswersCompared | None:
    """Compares what the model said; None where one of the two cannot be read as an answer."""
    if ex.format is None or ex.provider_response is None or ex.response is None:
        return None
    format = (ex.route.provider_format if ex.route else None) or ex.format
    old, new = answer_in(ex.provider_response, format), answer_in(ex.response, ex.format)
    if old is None or new is None:
        return None
    from dataclasses import asdict

    from ccproxy.flows.diff.values import value_changes

    usage = tuple(value_changes(plain(asdict(old.usage)), plain(asdict(new.usage))))
    return AnswersCompared((format.value, ex.format.value), *blocks_compared(old, new), usage)


def answer_in(response: HttpResponse, format: WireFormat) -> Answer | None:
    """The answer of a response; None if it cannot be read as one."""
    from ccproxy.cli.flows.answer import read
    from ccproxy.flows.diff.bodies import body_of

    body = body_of(response)
    if not body.text:
        return None
    text = {"text": body.text, "encoding": "utf-8"}
    return read({"bodies": {"client_response": text}, "format": format.value, "status": response.status})


def blocks_compared(old: Answer, new: Answer) -> tuple[dict[str, int], tuple[SaidChange, ...]]:
    """How many blocks of each kind are the same, and what became of the others."""
    from ccproxy.flows.diff.parts import told
    from ccproxy.flows.diff.sequences import align
    from ccproxy.flows.diff.values import text_edits

    before, after = list(blocks_of(old)), list(blocks_of(new))
    found = align(
        ["\0".join(each) for each in before],
        ["\0".join(each) for each in after],
        lambda one, other: before[one][0] == after[other][0],
    )
    same: dict[str, int] = {}
    for one, _ in found.same:
        same[before[one][0]] = same.get(before[one][0], 0) + 1
    changes = []
    for _, left, right in told(found):
        here, there = (before[left] if left is not None else None), (after[right] if right is not None else None)
        edits = text_edits(here[1], there[1]) if here is not None and there is not None else ()
        kind = (there or here or ("", ""))[0]
        changes.append(SaidChange(kind, here and here[1], there and there[1], edits))
    return same, tuple(changes)


def blocks_of(answer: Answer) -> Iterator[tuple[str, str]]:
    """Kind and words of each block; neighbours of one kind of text are one, as formats divide them otherwise."""
    from ccproxy.lightllm.answer import Refusal, Text, Thinking, ToolCall

    last: tuple[str, str] | None = None
    for block in answer.blocks:
        match block:
            case Text() | Refusal() | Thinking():
                kind, words = type(block).__name__.lower(), block.text
            case ToolCall():
                kind, words = "tool call", f"{block.name} {block.arguments}"
            case _:
                kind, words = type(block).__name__, ""
        if last is not None and last[0] == kind == "text":
            last = (kind, last[1] + words)
            continue
        if last is not None:
            yield last
        last = kind, words
    if last is not None:
        yield last


def plain(usage: dict[str, Any]) -> dict[str, Any]:
    """Token counts without those that were not told."""
    return {name: value for name, value in usage.items() if isinstance(value, int | float) and value}
