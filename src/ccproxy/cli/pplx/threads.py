"""`ccproxy pplx threads`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.pplx.asking import ask, provider_option
from ccproxy.cli.pplx.words import as_json
from ccproxy.cli.session import Session
from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import clock

EXAMPLES = [
    ("the newest", "ccproxy pplx threads"),
    ("those about something", "ccproxy pplx threads --search tides"),
    ("the slugs of many", "ccproxy pplx threads -n 200 --json | jq -r '.threads[].slug'"),
]

COLUMNS = (
    Column("last asked", 12, rank=2),
    Column("title", 24, rank=1),
    Column("slug", 30),
)
DEFAULT_LIMIT = 20
MOST = 1000


@command("threads", examples=EXAMPLES)
@click.option("--search", metavar="TEXT", help="Only those in which the site finds TEXT.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, MOST), default=DEFAULT_LIMIT, show_default=True, help="At most so many."
)
@provider_option
@click.option("--json", "as_document", is_flag=True, help="Print an object; `threads` has one object a thread.")
@click.pass_obj
def threads(session: Session, search: str | None, limit: int, provider: str | None, as_document: bool) -> None:
    """List the account's threads, the newest first.

    The slug of one is what the other commands take.
    """
    found = ask(session, "threads", search=search, limit=limit, provider=provider)
    if as_document:
        as_json(found)
    elif found["threads"]:
        now = datetime.now().astimezone()
        show(COLUMNS, [Row(cells(each, now)) for each in found["threads"]], "")
    else:
        click.echo(f"no thread has {search!r} in it" if search else "there are no threads yet", err=True)


def cells(each: dict[str, Any], now: datetime) -> list[Cell]:
    """A thread's cells, in the order of COLUMNS."""
    return [
        Cell(clock(each["updated"], now) if each["updated"] else "", "dim"),
        Cell(" ".join(each["title"].split())),
        Cell(each["slug"], "cyan"),
    ]
