"""Merge strategies: what becomes of a content field of which both the shape and the caller may have a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.values import MISSING

TEXT_BLOCKS: dict[WireFormat | None, str] = {WireFormat.OPENAI_RESPONSES: "input_text"}
"""What a block of text is called; `text` in all others that name it."""

MARK = "cache_control"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy as a profile has it: `prepend_shape:2` is its name and 2."""

    name: str
    count: int | None = None
    """How many of the shape's elements; None for all."""

    @property
    def takes_shape(self) -> bool:
        """Whether the shape's value counts at all."""
        return self.name not in ("replace", "drop")

    def apply(self, shape: Any, own: Any, format: WireFormat | None = None) -> Any:
        """The value that is sent, MISSING for none. Neither `shape` nor `own` (MISSING for none) is changed."""
        return APPLY[self.name](shape, own, self.count, format)


def strategy(text: str) -> Strategy:
    """Reads a strategy that the configuration has checked."""
    name, _, count = text.partition(":")
    return Strategy(name, int(count) if count else None)


REPLACE = Strategy("replace")


def fallback(shape: Any, own: Any, count: int | None, format: WireFormat | None) -> Any:
    """The caller's, else the shape's; APIs take null for none."""
    return shape if own is MISSING or (own is None and shape is not MISSING) else own


def prepended(shape: Any, own: Any, count: int | None, format: WireFormat | None) -> Any:
    """The shape's first elements, then the caller's."""
    return combined(first(shape, count), own, format, before=True)


def appended(shape: Any, own: Any, count: int | None, format: WireFormat | None) -> Any:
    """The caller's elements, then the shape's first."""
    return combined(first(shape, count), own, format, before=False)


APPLY: dict[str, Callable[[Any, Any, int | None, WireFormat | None], Any]] = {
    "replace": lambda shape, own, count, format: own,
    "drop": lambda shape, own, count, format: MISSING,
    "fallback_shape": fallback,
    "prepend_shape": prepended,
    "append_shape": appended,
}


def combined(shape: Any, own: Any, format: WireFormat | None, *, before: bool) -> Any:
    """Both values in one, the shape's before or after; the caller's alone where it has the shape's there already."""
    if own is MISSING or own is None or own in ("", []):
        return own if shape in (MISSING, None, "", []) else shape
    if isinstance(shape, str) and isinstance(own, str):
        return joined(shape, own, before=before)
    if isinstance(shape, dict) and isinstance(own, dict) and "parts" in shape and "parts" in own:  # Gemini's Content
        return {**own, "parts": combined(shape["parts"], own["parts"], format, before=before)}
    one, other = blocks(shape, format), blocks(own, format)
    if not one or other is None:
        return own
    has = other[: len(one)] if before else other[-len(one) :]
    if unmarked(has) == unmarked(one):
        return own
    return [*one, *other] if before else [*other, *one]


def joined(shape: str, own: str, *, before: bool) -> str:
    """Two texts with a blank line between them."""
    if own == shape or (own.startswith(f"{shape}\n\n") if before else own.endswith(f"\n\n{shape}")):
        return own
    return f"{shape}\n\n{own}" if before else f"{own}\n\n{shape}"


def blocks(value: Any, format: WireFormat | None) -> list[Any] | None:
    """A value as a list of blocks; None for what cannot be one."""
    if isinstance(value, str):
        return [
            {"text": value} if format is WireFormat.GEMINI else {"type": TEXT_BLOCKS.get(format, "text"), "text": value}
        ]
    return value if isinstance(value, list) else None


def first(value: Any, count: int | None) -> Any:
    """The first elements of a list, or of the parts of Gemini's Content; a text is one."""
    if isinstance(value, dict) and isinstance(value.get("parts"), list):
        return {**value, "parts": value["parts"][:count]}
    if isinstance(value, str) and count == 0:
        return MISSING
    return value[:count] if isinstance(value, list) else value


def unmarked(elements: list[Any]) -> list[Any]:
    """The elements as they are compared: where a cache mark stands says nothing of what is in them."""
    return [
        {name: value for name, value in element.items() if name != MARK} if isinstance(element, dict) else element
        for element in elements
    ]
