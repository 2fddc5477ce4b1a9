"""`ccproxy pplx quota`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.pplx.asking import ask, provider_option
from ccproxy.cli.pplx.words import as_json
from ccproxy.cli.session import Session
from ccproxy.cli.table import Cell, Column, Row, show

EXAMPLES = [
    ("what is left", "ccproxy pplx quota"),
    ("how many Pro searches", "ccproxy pplx quota --json | jq .quota.remaining_pro"),
]

COLUMNS = (
    Column("what", 20),
    Column("left", 6, right=True),
    Column("of", 6, right=True, rank=2),
    Column("period", 8, rank=1),
)
KINDS = {
    "remaining_pro": ("Pro search", "week"),
    "remaining_research": ("Deep Research", "month"),
    "remaining_labs": ("Labs", "month"),
    "remaining_agentic_research": ("agentic research", "month"),
}
"""Members of the answer, and the time after which they are full again."""


@command("quota", examples=EXAMPLES)
@provider_option
@click.option("--json", "as_document", is_flag=True, help="Print an object; `quota` is as the site tells it.")
@click.pass_obj
def quota(session: Session, provider: str | None, as_document: bool) -> None:
    """Tell what is left of the account's limits: searches, models, sources.

    The site is asked once a minute at most.
    """
    found = ask(session, "quota", provider=provider)
    if as_document:
        as_json(found)
    elif rows := list(limits(found["quota"])):
        show(COLUMNS, rows, "")
    else:
        click.echo("the site tells no limits", err=True)


def limits(told: Any) -> Iterator[Row]:
    """A row for each limit; what is none, or not known, is left out."""
    told = told if isinstance(told, dict) else {}
    for member, (name, period) in KINDS.items():
        if is_count(told.get(member)):
            yield row(name, told[member], None, period)
    for name, left in members(told, "model_specific_limits"):
        if is_count(left):
            yield row(f"model {name}", left, None, "")
    sources = told.get("sources")
    for name, limit in members(sources if isinstance(sources, dict) else {}, "source_to_limit"):
        if isinstance(limit, dict) and is_count(limit.get("remaining")):
            yield row(f"source {name}", limit["remaining"], limit.get("monthly_limit"), "month")


def members(document: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """The members of a member that is an object."""
    value = document.get(name)
    yield from value.items() if isinstance(value, dict) else ()


def is_count(value: object) -> bool:
    """Whether it is a number of something."""
    return isinstance(value, int) and not isinstance(value, bool)


def row(name: str, left: int, most: object, period: str) -> Row:
    """A limit's line; red where nothing is left."""
    of = str(most) if is_count(most) else ""
    return Row([Cell(name), Cell(str(left), "" if left > 0 else "red"), Cell(of, "dim"), Cell(period, "dim")])
