"""`ccproxy shapes list`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.cli.shapes.standing import Standing
    from ccproxy.cli.table import Cell

EXAMPLES = [
    ("what there is, how it stands, and what to do where it does not", "ccproxy shapes list"),
    ("those that cannot be used", "ccproxy shapes list --json | jq -r '.[] | select(.state != \"ok\") | .name'"),
]

COLORS = {"ok": "green", "stale": "yellow", "missing": "bright_black", "broken": "red"}
OFF = "shaping.enabled is false in the configuration: no request is shaped"


@command("list", examples=EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print an array of all profiles, one object each.")
@click.pass_obj
def list_shapes(session: Session, as_json: bool) -> None:
    """List the shapes of all profiles.

    ok: it can be used. stale: its client is installed in a newer version, or a newer one has been seen. missing: there
    is none yet. broken: it cannot be used, and the line below says why.
    """
    found, enabled = standings(session), session.config().shaping.enabled
    if as_json:
        listed = [{**each.as_json(), "enabled": enabled} for each in found]
        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    show(found)
    if not enabled:
        click.echo(OFF, err=True)


def standings(session: Session) -> list[Standing]:
    """Of every profile, packaged or of the configuration. Raises ConfigError."""
    from ccproxy.cli.shapes.standing import seen_by_daemon, standing_of
    from ccproxy.cli.shapes.stored import opened

    config = session.config()
    store, seen = opened(config), seen_by_daemon(session)
    return [standing_of(config, store, name, seen) for name in config.shaping.providers]


def show(found: Sequence[Standing]) -> None:
    """A line a profile, and what is wrong: below it in a terminal, below them all in a pipe."""
    from ccproxy.cli.table import Cell, Column, Row, is_terminal
    from ccproxy.cli.table import show as table
    from ccproxy.cli.words import visible

    columns = [
        Column("Profile", 16),
        Column("State", 7),
        Column("Client", 20),
        Column("From", 8, rank=2),
        Column("Date", 16, rank=2),
        Column("Patches", 7, right=True, rank=3),
        Column("Used by", 12, rank=1),
        Column("JA4", 36, rank=4),
    ]
    below = is_terminal()
    table(columns, [Row(cells(each), Cell(note(each) if below else "", "dim")) for each in found], "note")
    for each in () if below else found:
        if told := note(each):
            click.echo(visible(f"{each.name}: {told}"))


def cells(each: Standing) -> list[Cell]:
    """The cells of one profile."""
    from ccproxy.cli.table import Cell

    known = each.provenance
    there = each.state in ("ok", "stale")
    return [
        Cell(each.name, "bold"),
        Cell(each.state, COLORS[each.state]),
        Cell(" ".join(filter(None, [known.client, known.version]))),
        Cell(known.source if there else ""),
        Cell(each.day),
        Cell(str(len(each.patches)) if each.patches else ""),
        Cell(", ".join(each.providers)),
        Cell(known.ja4 or ""),
    ]


def note(each: Standing) -> str:
    """What is wrong, where the state does not say it, and what to do."""
    return "; ".join(filter(None, ["" if each.state == "missing" else each.why, each.fix]))
