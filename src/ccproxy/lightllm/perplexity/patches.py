"""An answer's text out of the patches that tell of it: RFC 6902 in form, but not in meaning.

A patch holds the text so far (by several paths), a list of pieces from some number on, or one piece by its number.
A stream may mix them, repeat them and bring pieces before their predecessors. `PATCHES` says what each one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.lightllm.perplexity.draft import Draft

BLOCK = "/markdown_block"
"""What a path may begin with: patches are of the block or of what holds it."""
LONGEST_NUMBER = 9
"""Digits. A piece of a greater number is none."""


def read_patch(draft: Draft, path: Any, value: Any) -> None:
    """Does what a patch says; nothing for one that says nothing of the text, such as `/progress`.

    Args:
        draft: the text so far.
        path: where the patch changes something; `op` tells nothing that the rest does not.
        value: what it puts there.
    """
    if not isinstance(path, str):
        return
    head, _, rest = path.removeprefix(BLOCK).removeprefix("/").partition("/")
    action = PATCHES.get((head, rest and "N", type(value)))
    if action is not None:
        action(draft, rest, value)


def read_block(draft: Draft, block: Mapping[str, Any]) -> None:
    """Takes a block that is told as a whole: `answer`, or `chunks` from `chunk_starting_offset` on."""
    answer, chunks = block.get("answer"), block.get("chunks")
    if isinstance(answer, str) and answer:
        draft.cumulative(answer)
    elif isinstance(chunks, list):
        offset = block.get("chunk_starting_offset")
        draft.pieces_from(offset if type(offset) is int and offset > 0 else 0, _strings(chunks))


def _whole(draft: Draft, _: str, value: dict[str, Any]) -> None:
    read_block(draft, value)


def _cumulative(draft: Draft, _: str, value: str) -> None:
    draft.cumulative(value)


def _list(draft: Draft, _: str, value: list[Any]) -> None:
    draft.pieces_from(0, _strings(value))


def _piece(draft: Draft, number: str, value: str) -> None:
    if number == "-":
        draft.append(value)
    elif len(number) <= LONGEST_NUMBER and number.isascii() and number.isdecimal():
        draft.piece(int(number), value)


def _strings(chunks: list[Any]) -> list[str]:
    return [chunk if isinstance(chunk, str) else "" for chunk in chunks]


PATCHES: Mapping[tuple[str, str, type], Callable[[Draft, str, Any], None]] = {
    ("", "", dict): _whole,
    ("", "", str): _cumulative,
    ("answer", "", str): _cumulative,
    ("chunks", "", list): _list,
    ("chunks", "N", str): _piece,
}
"""What is done, by the path's first member behind `/markdown_block`, whether more follows, and the value's type."""


def rows() -> list[tuple[str, str, str]]:
    """The table as text, for those who want to see it: path, type of the value, what is done."""
    shown = (("/".join(("", *filter(None, (head, rest)))), kind, act) for (head, rest, kind), act in PATCHES.items())
    return [(path, kind.__name__, act.__name__.removeprefix("_")) for path, kind, act in shown]
