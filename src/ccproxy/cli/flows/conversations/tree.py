"""A session as a tree: a line for each run of turns, and below it what branched off after its last turn."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import click

from ccproxy.cli.flows.conversations.table import cost, models, tokens
from ccproxy.cli.words import clock, several, visible
from ccproxy.flows.conversations.conversations import Branch, Run, Session, Summary
from ccproxy.flows.conversations.told import client, title, told, totals

COLORS = {"root": "bright_white", "agent": "magenta", "edit": "yellow", "compaction": "blue", "side": "bright_black"}
NAMES = {"root": "conversation"}
GAP = "  "
ID = 8
SHORTEST, ENOUGH = 8, 24
"""Characters of a title that say anything, and those before which numbers give way."""


class Line(NamedTuple):
    """A line of the tree and what is below it."""

    name: str
    color: str
    facts: Sequence[str]
    title: str
    below: list[Line]


def show_tree(session: Session) -> None:
    """Print it on standard output, cut to the terminal's width where it is one."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    now = datetime.now().astimezone()
    for guide, line in drawn(session_line(session, now)):
        click.echo(styled(guide, line, width))


def session_line(session: Session, now: datetime) -> Line:
    """The session, its conversations below."""
    numbers = told(session)
    span = f"{clock(numbers['began'], now)} to {clock(numbers['last'], now)}"
    kind = "session" if session.id else "conversation"
    facts = [session.name, client(session.flows) or "", span, *summed(numbers, numbers["turns"])]
    roots, sides = session.roots, side_lines(session.sides)
    if len(roots) == 1 and not sides:
        return Line(kind, "bold", facts, "", lines_of(roots[0]))
    return Line(kind, "bold", facts, "", [branch_line(root) for root in roots] + sides)


def branch_line(branch: Branch) -> Line:
    """A branch: its only run, or a heading with its runs below."""
    color = COLORS.get(branch.kind, "")
    name = NAMES.get(branch.kind, branch.kind)
    if len(branch.runs) == 1:
        return run_line(branch.runs[0])._replace(name=name, color=color)
    flows = [flow for run in branch.runs for flow in run.flows]
    facts = [branch.id[:ID], *summed(totals(flows), len(flows))]
    return Line(name, color, facts, title(flows) or "", lines_of(branch))


def lines_of(branch: Branch) -> list[Line]:
    """The runs of a branch."""
    return [run_line(run) for run in branch.runs]


def run_line(run: Run) -> Line:
    """Turns in a row, what branches off below."""
    name = "compaction" if run.kind == "compaction" else ""
    facts = [str(run.flows[0]["id"])[:ID], *summed(totals(run.flows), len(run.flows))]
    below = side_lines(run.sides) + [branch_line(branch) for branch in run.branches]
    return Line(name, COLORS.get(name, ""), facts, title(run.flows) or "", below)


def side_lines(sides: Sequence[Summary]) -> list[Line]:
    """One line for all side requests at a place."""
    if not sides:
        return []
    facts = [str(sides[0]["id"])[:ID], several(len(sides), "request"), *summed(totals(sides), None)]
    return [Line("side", COLORS["side"], facts, title(sides) or "", [])]


def summed(numbers: dict[str, Any], turns: int | None) -> list[str]:
    """Turns, models, tokens, cost and failures, as far as there are any."""
    failed = numbers["failed"]
    counted = several(turns, "turn") if turns else ""
    return [counted, models(numbers), tokens(numbers), cost(numbers), f"{failed} failed" if failed else ""]


def drawn(top: Line) -> Iterator[tuple[str, Line]]:
    """Every line with what stands before it."""
    left = [("", "", top)]
    while left:
        before, own, line = left.pop()
        yield before + own, line
        inner = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[own]
        last = len(line.below) - 1
        left += [
            (inner, "└─ " if place == last else "├─ ", each) for place, each in reversed(list(enumerate(line.below)))
        ]


def styled(guide: str, line: Line, width: int | None) -> str:
    """A line in colours; in a terminal the title takes what room there is, and what does not fit is left out."""
    words = [visible(word) for word in (line.name, *line.facts) if word]
    room = len(GAP) + min(len(line.title), ENOUGH) if line.title else 0
    while width and len(words) > 2 and len(guide + GAP.join(words)) + room > width:
        words.pop()
    text = cut(visible(line.title), width and width - len(guide + GAP.join(words)) - len(GAP))
    head = [click.style(words[0], fg=None if line.color == "bold" else line.color or None, bold=line.color == "bold")]
    head = head if line.name else [click.style(words[0], fg="cyan")]
    rest = [click.style(word, dim=True) for word in words[1:]]
    return click.style(guide, dim=True) + GAP.join([*head, *rest, *([text] if text else [])])


def cut(text: str, width: int | None) -> str:
    """As much of a text as has room; nothing where that would be too little to read."""
    from rich.cells import cell_len, set_cell_size

    if width is None or cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width >= SHORTEST else ""
