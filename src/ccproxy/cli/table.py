"""Tables: fitted to the terminal with rich, or plain columns in a pipe. What cells hold is never read as markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    grows: bool = False
    """Takes what the others leave."""


def show(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Print the table on standard output."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        show_fitted(columns, rows)
    else:
        show_plain(columns, rows)


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


def show_fitted(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """As many columns as the terminal has room for, colours, and an ellipsis where a cell is too long."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, emoji=False, highlight=False)
    kept = fitting(columns, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for index in kept:
        column = columns[index]
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if column.grows else min(column.width, longest(rows, index, column)),
            ratio=None,
        )
    for row in rows:
        table.add_row(*(Text(visible(row[index].text), style=row[index].style) for index in kept))
    console.print(table)


def fitting(columns: Sequence[Column], width: int) -> list[int]:
    """The indices of the columns to show in `width` characters."""
    kept = list(range(len(columns)))
    while sum(columns[index].width + GAP for index in kept) - GAP > width:
        last = max(kept, key=lambda index: columns[index].rank)
        if columns[last].rank == 0:
            break
        kept.remove(last)
    return kept


def longest(rows: Sequence[Sequence[Cell]], index: int, column: Column) -> int:
    """The widest text in a column, its heading included."""
    return max(len(column.title), *(len(row[index].text) for row in rows)) if rows else len(column.title)
