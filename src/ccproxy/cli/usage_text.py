"""Spending as a table, as CSV, as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

import click

from ccproxy.cli.table import Cell, Column, Row, show
from ccproxy.cli.words import dollars, several, visible
from ccproxy.flows.usage.spending import TOKENS, Key, Spending

type Groups = Mapping[Key, Spending]

NUMBERS = (
    Column("requests", 8, right=True, rank=3),
    Column("failed", 6, right=True, rank=6),
    Column("input", 7, right=True, rank=1),
    Column("cached", 7, right=True, rank=4),
    Column("written", 7, right=True, rank=5),
    Column("output", 7, right=True, rank=1),
    Column("cost", 8, right=True),
)
"""`cached` and `written` are the tokens read from a cache and put into one; `input` are the others."""
UNPRICED = Column("unpriced", 8, right=True, rank=2)
KEY_WIDTHS = {"day": 10, "hour": 16, "flow": 8, "session": 8, "conversation": 8}
MOST_NAMED = 3
"""Models without a price that are named."""


def as_json(by: Sequence[str], groups: Groups, total: Spending) -> str:
    """`by`, `groups`, each with its keys, `total`, and in `prices` whose data were used."""
    listed = [dict(zip(by, key, strict=True)) | own.as_json() for key, own in groups.items()]
    document = {"by": list(by), "groups": listed, "total": total.as_json(), "prices": prices()}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(by: Sequence[str], groups: Groups) -> str:
    """A line a group below the names of the columns; what is not known is empty."""
    out = io.StringIO()
    writer = csv.writer(out)  # its line ends are those of RFC 4180
    writer.writerow([*by, *Spending().as_json()])
    writer.writerows([*key, *own.as_json().values()] for key, own in groups.items())
    return out.getvalue()


def show_table(by: Sequence[str], groups: Groups, total: Spending) -> None:
    """Print the table, with a line for all."""
    columns = [*(Column(name, KEY_WIDTHS.get(name, 16)) for name in by), *NUMBERS]
    unpriced = bool(total.unpriced)
    rows = [Row([*keys(key), *cells(own, unpriced)]) for key, own in groups.items()]
    if len(rows) > 1:
        filling = [Cell("")] * (len(by) - 1)
        rows.append(Row([Cell("total", "bold"), *filling, *cells(total, unpriced, "bold")]))
    show([*columns, UNPRICED] if unpriced else columns, rows, "")


def keys(key: Key) -> list[Cell]:
    """What a line is about."""
    return [Cell(part if part is not None else "-", "cyan") for part in key]


def cells(own: Spending, unpriced: bool, style: str = "") -> list[Cell]:
    """A line's numbers, in the order of NUMBERS and UNPRICED."""
    taken, made, read, written = (own.tokens[name] for name in TOKENS)
    failed = Cell(str(own.failures or ""), "red")
    counts = [Cell(f"{count:,}" if count else "", style) for count in (taken, read, written, made)]
    cost = Cell(dollars(own.usd) if own.priced else "", style)
    last = [Cell(str(own.unpriced.total() or ""), "yellow")] if unpriced else []
    return [Cell(f"{own.requests:,}", style), failed, *counts, cost, *last]


def show_remarks(total: Spending) -> None:
    """Print on standard error what the amounts leave out, and whose prices they are."""
    for line in remarks(total):
        click.echo(click.style(line, dim=True), err=True)


def remarks(total: Spending) -> list[str]:
    """The same, in lines."""
    lines = []
    if missing := total.unpriced.total():
        named = ", ".join(visible(model) for model, _ in total.unpriced.most_common(MOST_NAMED))
        more = ", …" if len(total.unpriced) > MOST_NAMED else ""
        lines.append(f"{several(missing, 'request')} without a known price, not in the cost: {named}{more}")
    if total.priced:
        lines.append(f"list prices of {prices()} as of each request's time; not your bill")
    return lines


def prices() -> str:
    """`genai-prices 0.2.3`."""
    try:
        return f"genai-prices {version('genai-prices')}"
    except PackageNotFoundError:
        return "genai-prices"
