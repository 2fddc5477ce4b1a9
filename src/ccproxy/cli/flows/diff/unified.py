"""Unified diffs of bodies, as `patch` and editors read them. Headers are names of flows, the same each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import click

from ccproxy.cli.words import size, visible

if TYPE_CHECKING:
    from ccproxy.flows.diff.bodies import Body
    from ccproxy.flows.diff.sequences import Opcode

CONTEXT = 3
COLORS = {"-": "red", "+": "green", "@": "cyan"}


def unified(old: Body, new: Body, name: str, other: str) -> Iterator[str]:
    """The lines of a unified diff of two bodies, JSON indented; none if they are the same.

    Args:
        old: a body.
        new: another.
        name: what the one is called, such as `flow:3f2a91b0/request`.
        other: what the other is called.
    """
    from ccproxy.flows.diff.bodies import first_difference

    if "binary" in (old.kind, new.kind):
        at = first_difference(old.data, new.data)
        if at is not None:
            sizes = f"{size(len(old.data))} -> {size(len(new.data))}"
            yield f"binary {name} and {other}, {sizes}, differ at byte {at}"
        return
    yield from unified_lines(pretty(old), pretty(new), name, other)


def pretty(body: Body) -> list[str]:
    """A body in lines; control characters spelled out."""
    text = body.text
    if body.kind == "json":
        with suppress(RecursionError):  # nested too deep to be indented: as it is
            text = json.dumps(body.value, indent=2, ensure_ascii=False)
    return [visible(line.encode("utf-8", "replace").decode()) for line in text.splitlines()]


def unified_lines(old: Sequence[str], new: Sequence[str], name: str, other: str) -> Iterator[str]:
    """The same for lines."""
    groups = list(Compared(old, new).get_grouped_opcodes(CONTEXT)) if old != new else []
    if groups:
        yield click.style(f"--- {name}", bold=True)
        yield click.style(f"+++ {other}", bold=True)
    for group in groups:
        first, last = group[0], group[-1]
        yield styled(f"@@ -{span(first[1], last[2])} +{span(first[3], last[4])} @@")
        for tag, begin, end, other_begin, other_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[begin:end])
                continue
            yield from (styled(f"-{line}") for line in old[begin:end])
            yield from (styled(f"+{line}") for line in new[other_begin:other_end])


class Compared(SequenceMatcher[str]):
    """Two texts in lines; what both begin and end with costs next to nothing."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__()
        self._lines = old, new

    def get_opcodes(self) -> list[Opcode]:
        from ccproxy.flows.diff.sequences import opcodes

        return list(opcodes(*self._lines))


def span(begin: int, end: int) -> str:
    """Lines as a hunk's head names them: the first, and how many; of none, the line before."""
    count = end - begin
    if count == 1:
        return str(begin + 1)
    return f"{begin + 1 if count else begin},{count}"


def styled(line: str) -> str:
    """A line in its colour."""
    return click.style(line, fg=COLORS[line[0]])
