"""Sessions and conversations as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import clock, dollars
from ccproxy.flows.conversations.conversations import Session
from ccproxy.flows.conversations.told import told

COLUMNS = (
    Column("id", 8),
    Column("client", 12, rank=5),
    Column("began", 8, rank=4),
    Column("last", 8, rank=6),
    Column("turns", 5, right=True),
    Column("branches", 8, right=True, rank=3),
    Column("models", 12, rank=2),
    Column("in/out", 9, right=True, rank=1),
    Column("cost", 7, right=True, rank=1),
    Column("title", 20),
)
SHORTEST_ID, LONGEST_ID = 8, 36
VENDOR = "claude-"
"""Said of every model of its family."""


def show_sessions(sessions: Sequence[Session]) -> None:
    """Print them on standard output, in the order given."""
    now, told_all = datetime.now().astimezone(), [told(session) for session in sessions]
    length = id_length([each["id"] for each in told_all])
    columns = [Column("id", length), *COLUMNS[1:]]
    show(columns, [Row(cells(each, length, now)) for each in told_all], "")


def id_length(ids: Sequence[str]) -> int:
    """As many characters as make them differ."""
    lengths = range(SHORTEST_ID, LONGEST_ID)
    return next((length for length in lengths if len({id[:length] for id in ids}) == len(set(ids))), LONGEST_ID)


def cells(session: dict[str, Any], length: int, now: datetime) -> list[Cell]:
    """A session's cells, in the order of COLUMNS."""
    return [
        Cell(session["id"][:length], "cyan"),
        Cell(session["client"] or "", "dim"),
        Cell(clock(session["began"], now), "dim"),
        Cell(clock(session["last"], now), "dim"),
        Cell(str(session["turns"])),
        Cell(str(session["branches"] or "")),
        Cell(models(session)),
        Cell(tokens(session)),
        Cell(cost(session)),
        Cell(session["title"] or ""),
    ]


def models(numbers: dict[str, Any]) -> str:
    """The models' names, without what says nothing."""
    return ", ".join(name.removeprefix(VENDOR) for name in numbers["models"])


def tokens(numbers: dict[str, Any]) -> str:
    """Tokens in (cached ones too) and out: `12.3k/840`; empty if there were none."""
    taken, given = numbers["tokens"]["input"], numbers["tokens"]["output"]
    return f"{short(taken)}/{short(given)}" if taken or given else ""


def short(number: int) -> str:
    """`840`, `12.3k`, `4.1M`."""
    if number < 1000:
        return str(number)
    value, unit = (number / 1000, "k") if number < 999_500 else (number / 1_000_000, "M")
    return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"


def cost(numbers: dict[str, Any]) -> str:
    """What it cost; empty if that is not known."""
    return dollars(numbers["usd"])
