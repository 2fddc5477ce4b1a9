"""Values and texts that differ, in lines. Colours vanish in a pipe, so signs say it all without them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.words import several, visible

if TYPE_CHECKING:
    from ccproxy.flows.diff.values import Edit, ValueChange

SIGNS: Mapping[str, tuple[str, str]] = {
    "added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"), "moved": ("↕", "cyan"),
    "same": ("=", "bright_black"),
}  # fmt: skip
LONGEST_WORD = 80
NARROWEST, WIDEST = 60, 140


def room() -> int:
    """Characters a line may have: as many as the terminal, in a pipe enough."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    return max(NARROWEST, min(WIDEST, columns))


def value_lines(change: ValueChange, width: int, margin: str) -> Iterator[str]:
    """A place in a JSON value, or a text."""
    sign, color = SIGNS[change.how]
    head = click.style(f"{margin}{sign} {visible(change.path)}".rstrip(), fg=color)
    if change.edits and not (is_word(change.old) and is_word(change.new)):
        yield from ([head] if change.path else [])
        yield from edit_lines(change.edits, width, margin + "  ")
        return
    before, after = short(change.old, width // 2), short(change.new, width // 2)
    texts = {"added": after, "removed": before, "moved": after, "changed": f"{before} → {after}"}
    yield f"{head}: {texts[change.how]}"


def is_word(value: Any) -> bool:
    """Whether a text is a name, such as a model's: one of which letters that are the same say nothing."""
    return isinstance(value, str) and len(value) <= LONGEST_WORD and not any(letter.isspace() for letter in value)


def edit_lines(edits: Iterable[Edit], width: int, margin: str) -> Iterator[str]:
    """A text with what was taken out as `[-so-]` and what was put in as `{+so+}`; whole lines begin with the sign."""
    line = ""
    for edit in edits:
        if edit.sign in "-+" and "\n" not in edit.text:
            line += styled(edit)
        elif edit.sign in "-+":
            yield from filled(line, margin)
            line = ""
            color = "red" if edit.sign == "-" else "green"
            for piece in edit.text.splitlines():
                yield click.style(f"{margin}{edit.sign} {cut(piece, width - len(margin))}", fg=color)
        else:
            text = edit.text if edit.sign == "=" else left_out(edit.text)
            *whole, rest = text.split("\n")
            for piece in whole:
                yield from filled(line + visible(piece), margin)
                line = ""
            line += visible(rest)
    yield from filled(line, margin)


def styled(edit: Edit) -> str:
    """A run of words."""
    text = visible(edit.text)
    return click.style(f"[-{text}-]", fg="red") if edit.sign == "-" else click.style(f"{{+{text}+}}", fg="green")


def filled(line: str, margin: str) -> Iterator[str]:
    """A line, unless there is nothing in it."""
    if line.strip():
        yield f"{margin}  {line}"


def left_out(text: str) -> str:
    """What is the same and far from any change."""
    lines = text.count("\n")
    return f"\n… {several(lines, 'line')}\n" if lines > 1 else " … "


def short(value: Any, width: int) -> str:
    """JSON on one line."""
    try:
        return cut(json.dumps(value, ensure_ascii=False), width)
    except RecursionError:
        return "…"


def cut(text: str, width: int) -> str:
    """A text on one line of at most `width` characters."""
    plain = visible(" ".join(str(text)[: 8 * width].split()))
    return plain if len(plain) <= width else plain[: max(1, width - 1)] + "…"
