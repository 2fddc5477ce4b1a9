"""`ccproxy flows list`."""

from __future__ import annotations

from dataclasses import replace

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, filtered, nearest, open_set, set_options
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("the newest flows, the latest at the bottom", "ccproxy flows list"),
    ("what failed since this morning", "ccproxy flows list --since today --status error"),
    ("as they come, until Ctrl-C", "ccproxy flows list --watch"),
    ("the slowest five of a model", "ccproxy flows list --model opus --jq 'sort_by(.total_ms)' -n 5"),
    ("what each took in tokens", "ccproxy flows list --json | jq -r '.[] | [.model, .usage.output_tokens] | @tsv'"),
]

DEFAULT_LIMIT = 50


@command("list", examples=EXAMPLES)
@set_options
@click.option("as_json", "--json", is_flag=True, help="Print an array of all flows, one object a flow.")
@click.option("--watch", is_flag=True, help="Go on printing flows as they finish, until Ctrl-C; JSON one a line.")
@click.pass_obj
def list_flows(session: Session, wanted: Wanted, as_json: bool, watch: bool) -> None:
    """List the recorded exchanges, the newest at the bottom.

    Without -n the table has the last 50. The options above come first, then the jq filters of the configuration, then
    those given here, then -n.
    """
    if watch:
        from ccproxy.cli.flows.watch import watch_flows

        watch_flows(session, wanted, as_json=as_json)
    elif as_json:
        print_json(filtered(session, wanted))
    else:
        print_table(session, wanted)


def print_table(session: Session, wanted: Wanted) -> None:
    """The flows for people."""
    shown = wanted.selection.limit or DEFAULT_LIMIT
    chosen = open_set(session, replace(wanted, selection=replace(wanted.selection, limit=shown + 1)))
    found = chosen.summaries
    if not found:
        for line in (nothing(wanted), *nearest(chosen, wanted)):
            click.echo(line, err=True)
        return
    from ccproxy.cli.flows.table import show_flows

    show_flows(found[-shown:])
    if len(found) > shown:
        click.echo(click.style(f"there are older ones: -n {shown * 4} shows more", dim=True), err=True)


def nothing(wanted: Wanted) -> str:
    """Why there is nothing to see, and what to do."""
    if wanted.everything and wanted.archive is None:
        return "no flows yet: send something through, such as `ccproxy run --provider simulator -- claude -p hi`"
    return "no flows, or none that is wanted"


def print_json(found: object) -> None:
    """JSON, indented. Not by json, which takes seconds for the flows of a month."""
    import orjson

    try:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    except orjson.JSONEncodeError:  # half a character in what a client sent
        import json

        click.echo(json.dumps(found, indent=2))
