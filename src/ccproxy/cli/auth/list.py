"""`ccproxy auth list`."""

from __future__ import annotations

from datetime import datetime

import click

from ccproxy.cli.auth.asking import Told, as_json, ask
from ccproxy.cli.auth.words import moment, trouble
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session
from ccproxy.cli.table import Cell, Column, Row, show

EXAMPLES = [
    ("all of them", "ccproxy auth list"),
    ("those that cannot be used", "ccproxy auth list --json | jq -r '.[] | select(.usable | not) | .provider'"),
    ("when each expires", "ccproxy auth list --json | jq -r '.[] | [.provider, .expires] | @tsv'"),
]

COLUMNS = (
    Column("provider", 10),
    Column("type", 15, rank=2),
    Column("header", 13, rank=5),
    Column("where", 20, rank=3),
    Column("expires", 21, rank=1),
    Column("last refreshed", 20, rank=4),
)


@command("list", examples=EXAMPLES)
@click.option("as_list", "--json", is_flag=True, help="Print an array of all credentials, one object a provider.")
@click.pass_obj
def list_credentials(session: Session, as_list: bool) -> None:
    """List the providers' credentials: where they come from, until when they are good, what went wrong last.

    A running daemon is asked; without one they are looked at here. No provider is asked, and no token is shown.
    """
    found = ask(session, "look", None)
    if as_list:
        as_json(found)
    elif found:
        now = datetime.now().astimezone()
        show(COLUMNS, [Row(cells(each, now), note(each, now)) for each in found], "last error")
    else:
        click.echo("there are no providers: name some in ccproxy.yaml (`ccproxy init` shows how)", err=True)


def cells(each: Told, now: datetime) -> list[Cell]:
    """A credential's cells, in the order of COLUMNS."""
    return [
        Cell(each["provider"], "cyan" if each["usable"] else "red"),
        Cell(each["type"] or ("none needed" if each["usable"] else "no auth"), "" if each["type"] else "dim"),
        Cell(each["header"] or "", "dim"),
        Cell(each["where"] or "", "dim"),
        Cell(moment(each["expires"], now)),
        Cell(moment(each["refreshed"], now), "dim"),
    ]


def note(each: Told, now: datetime) -> Cell:
    """What went wrong last; nothing if nothing did."""
    return Cell(trouble(each, now), "yellow" if each["usable"] else "red")
