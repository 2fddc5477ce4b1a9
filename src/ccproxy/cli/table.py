"""Tables: fitted to the terminal with rich, or plain columns in a pipe. What cells hold is never read as markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import click

from ccproxy.cli.words import visible

GAP = 2
"""Spaces between columns."""


class Cell(NamedTuple):
    """A text and how it looks: a rich style such as "red" or "bold green"."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and how it gives way when the terminal is narrow."""

    title: str
    width: int
    """Characters it needs to be of use."""
    right: bool = False
    rank: int = 0
    """Columns of the highest rank are left out first; rank 0 always stays."""


class Row(NamedTuple):
    """A table's line. The note may be long: below the line in a terminal, the last column in a pipe."""

    cells: Sequence[Cell]
    note: Cell = Cell("")


def show(columns: Sequence[Column], rows: Sequence[Row], notes: str) -> None:
    """Print the table on standard output; `notes` is the heading of the notes' column, where it is one."""
    if is_terminal():
        show_fitted(columns, rows)
    elif any(row.note.text for row in rows):
        show_plain([*columns, Column(notes, 0)], [[*row.cells, row.note] for row in rows])
    else:
        show_plain(columns, [row.cells for row in rows])


def is_terminal() -> bool:
    """Whether standard output is one that can do more than print lines."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def show_plain(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Every column in full, two spaces between."""
    lines = [
        [column.title.upper() for column in columns],
        *([visible(cell.text) or "-" for cell in row] for row in rows),
    ]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = [
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(line, widths, columns, strict=True)
        ]
        click.echo((" " * GAP).join(cells).rstrip())


def show_fitted(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """As many columns as the terminal has room for, colours, and an ellipsis where a cell is too long."""
    from rich.cells import cell_len

    lines = [heading(columns), *rows]
    longest = [max(cell_len(visible(line.cells[at].text)) for line in lines) for at in range(len(columns))]
    fitted = Fitted(columns, longest)
    for line in lines:
        fitted.print(line)


def heading(columns: Sequence[Column]) -> Row:
    """The first line."""
    return Row([Cell(column.title, "bold") for column in columns])


class Fitted:
    """Prints lines of a table whose columns share out the terminal's width."""

    def __init__(self, columns: Sequence[Column], longest: Sequence[int]) -> None:
        """`longest` are the characters that each column has at most."""
        from rich.console import Console

        from ccproxy.cli.main import color_wanted

        colors: Literal["auto"] | None = None if color_wanted() is False else "auto"  # None: no bold either
        self.console = Console(markup=False, emoji=False, highlight=False, color_system=colors)
        self.kept = [(index, columns[index]) for index in fitting(columns, self.console.width)]
        lengths = [longest[index] for index, _ in self.kept]
        self.widths = shared_out([column for _, column in self.kept], lengths, self.console.width)

    def print(self, line: Row) -> None:
        """Print one line, and its note below it."""
        from rich.padding import Padding
        from rich.text import Text

        cells = []
        for (index, column), width in zip(self.kept, self.widths, strict=True):
            text = Text(visible(line.cells[index].text), line.cells[index].style)
            text.truncate(width, overflow="ellipsis")
            text.align("right" if column.right else "left", width)
            cells.append(text)
        self.console.print(Text(" " * GAP).join(cells), no_wrap=True, overflow="crop", crop=True)
        if line.note.text:
            below = Text(visible(line.note.text), line.note.style)
            margin = min(self.widths[0] + GAP, self.console.width // 2)
            self.console.print(Padding(below, (0, 0, 0, margin)))


def fitting(columns: Sequence[Column], width: int) -> list[int]:
    """The indices of the columns to show in `width` characters."""
    kept = list(range(len(columns)))
    while needed([columns[index].width for index in kept]) > width:
        last = max(kept, key=lambda index: columns[index].rank)
        if columns[last].rank == 0:
            break
        kept.remove(last)
    return kept


def shared_out(columns: Sequence[Column], longest: Sequence[int], width: int) -> list[int]:
    """The columns' widths: what they need, and more for those that could use it, by rank, while there is room."""
    widths = [min(column.width, length) for column, length in zip(columns, longest, strict=True)]
    while needed(widths) > width and max(widths) > 1:  # where the columns that always stay are too many
        widths[widths.index(max(widths))] -= 1
    left = max(0, width - needed(widths))
    for index in sorted(range(len(columns)), key=lambda index: columns[index].rank):
        more = min(left, longest[index] - widths[index])
        widths[index] += more
        left -= more
    return widths


def needed(widths: Sequence[int]) -> int:
    """Characters that columns take with the gaps between them."""
    return sum(widths) + GAP * (len(widths) - 1)
