"""`ccproxy usage`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ccproxy.cli.flows.chosen.options import Wanted, set_options
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session
from ccproxy.flows.usage.spending import KEYS

EXAMPLES = [
    ("tokens and list prices by model", "ccproxy usage"),
    ("of this week, day by day, as a plot", "ccproxy usage --by day --since 7d --plot"),
    ("two levels: what each session spent on which model", "ccproxy usage --by session --by model --since today"),
    ("for a spreadsheet", "ccproxy usage --by day --by model --csv > usage.csv"),
    ("for scripts: the sum of all", "ccproxy usage --json | jq -r .total.cost_usd"),
]
DEFAULT_BY = ("model",)
LEVELS = 2


def as_levels(_: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """The keys to sum up by, each once. Raises BadParameter."""
    levels = tuple(dict.fromkeys(values)) or DEFAULT_BY
    if len(levels) > LEVELS:
        raise click.BadParameter(f"goes {LEVELS} levels deep, not {len(levels)}", param=param)
    return levels


@command("usage", examples=EXAMPLES)
@click.option(
    "--by",
    type=click.Choice(list(KEYS)),
    multiple=True,
    callback=as_levels,
    help=f"What to sum up by. May be given twice, for two levels.  [default: {DEFAULT_BY[0]}]",
)
@click.option(
    "plot", "--plot", is_flag=True, help="Draw bars: what each group cost, or its tokens if no price is known."
)
@click.option("as_csv", "--csv", is_flag=True, help="Print CSV (RFC 4180), a line a group.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object, amounts exact.")
@set_options
@click.pass_obj
def usage(session: Session, /, wanted: Wanted, by: tuple[str, ...], *, plot: bool, as_csv: bool, as_json: bool) -> None:
    """Sum up the tokens of the recorded requests and what they cost.

    Costs are list prices in US dollars as of each request's time, from the data of the installed genai-prices: not
    your bill. What a subscription covers is counted at the same prices.
    """
    if plot + as_csv + as_json > 1:
        raise click.UsageError("--plot, --csv and --json are different ways to print: give one of them")
    from ccproxy.cli import usage_plot, usage_text
    from ccproxy.cli.flows.chosen.flow_set import open_set
    from ccproxy.flows.usage.spending import spent

    groups, total = spent(open_set(session, wanted).summaries, by)
    if as_json:
        click.echo(usage_text.as_json(by, groups, total))
    elif as_csv:
        click.echo(usage_text.as_csv(by, groups), nl=False)
    elif not groups:
        click.echo("no requests to models yet, or none that these options select", err=True)
    else:
        if plot:
            click.echo(usage_plot.drawn(by, groups, total))
        else:
            usage_text.show_table(by, groups, total)
        usage_text.show_remarks(total)
