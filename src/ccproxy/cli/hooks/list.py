"""`ccproxy hooks list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import visible

EXAMPLES = [
    ("every hook, in the order in which they run", "ccproxy hooks list"),
    ("what each of them writes", "ccproxy hooks list --json | jq -r '.[] | [.name, .writes[]] | @tsv'"),
    (
        "those that clients cannot switch off",
        "ccproxy hooks list --json | jq '.[] | select(.overridable | not) | .name'",
    ),
]

COLUMNS = (
    Column("name", 16),
    Column("stage", 8),
    Column("level", 5, right=True, rank=3),
    Column("reads", 16, rank=2),
    Column("writes", 16, rank=1),
    Column("on error", 8, rank=4),
    Column("from", 16, rank=5),
)
MOST = 4
"""Paths of one kind that are named in the table."""
STYLES = {"fail": "yellow", "continue": "dim"}


@command("list", examples=EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print an array of all hooks, one object a hook.")
@click.pass_obj
def list_hooks(session: Session, as_json: bool) -> None:
    """List the hooks in the order in which they run.

    Of a running daemon those that it runs; without one those that it would load now. Hooks of one stage and one level
    do not depend on each other. `ccproxy status` shows what ties the levels together.
    """
    from ccproxy.cli.report import Report

    report = Report(session)
    if not report.pipeline:
        raise CommandError("the hooks cannot be loaded", *report.problems)
    for problem in report.hooks_problems:
        click.echo(f"{click.style('not taken up:', fg='yellow')} {visible(problem)}", err=True)
    listed = list(rows(report.pipeline))
    if as_json:
        import json

        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    elif listed:
        show(COLUMNS, [Row(cells(hook)) for hook in listed], "")
    else:
        click.echo("there are no hooks: `ccproxy hooks new NAME` writes one", err=True)


def rows(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    """The hooks of all stages, each with its stage and its level, from 1."""
    return [
        {"name": step["name"], "stage": stage, "level": number, **step}
        for stage, graph in pipeline.items()
        for number, level in enumerate(graph["levels"], 1)
        for step in level
    ]


def cells(hook: dict[str, Any]) -> list[Cell]:
    """A hook's cells, in the order of COLUMNS."""
    return [
        Cell(hook["name"], "cyan"),
        Cell(hook["stage"]),
        Cell(str(hook["level"])),
        Cell(shortened(hook["reads"])),
        Cell(shortened(hook["writes"])),
        Cell(hook["on_error"], STYLES.get(hook["on_error"], "")),
        Cell(hook["source"], "dim"),
    ]


def shortened(paths: Sequence[str]) -> str:
    """The paths; of many of one kind only that, and how many they are: `headers.* (12)`."""
    kinds = Counter(path.partition(".")[0] for path in paths)
    named = [(path, path.partition(".")[0]) for path in paths]
    shown = (f"{kind}.* ({kinds[kind]})" if kinds[kind] > MOST else path for path, kind in named)
    return ", ".join(dict.fromkeys(shown))
