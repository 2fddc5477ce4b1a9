"""`ccproxy flows`."""

from __future__ import annotations

import json
from typing import Any

import click

from ccproxy.cli.grammar import Entry, LazyGroup, command
from ccproxy.cli.session import Session

LIST_EXAMPLES = [
    ("the newest flows, the latest at the bottom", "ccproxy flows list"),
    ("the last five", "ccproxy flows list -n 5"),
    (
        "what each model cost in tokens",
        "ccproxy flows list --json | jq -r '.[] | [.model, .usage.output_tokens] | @tsv'",
    ),
    ("only what failed", "ccproxy flows list --json | jq '.[] | select(.error or .status >= 400)'"),
]

ENTRIES = {
    "list": Entry("ccproxy.cli.flows.list:list_flows", "List the recorded exchanges."),
    "show": Entry("ccproxy.cli.flows.show:show_flow", "Tell the story of one exchange."),
}

EXAMPLES = [LIST_EXAMPLES[0], ("what became of one; the beginning of its id is enough", "ccproxy flows show 3f2a91")]

DEFAULT_LIMIT = 50


@click.group("flows", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def flows() -> None:
    """See the exchanges that the daemon recorded.

    A flow is one request of a client with all that became of it.
    """


@command("list", examples=LIST_EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print an array of all flows, one object a flow.")
@click.option(
    "limit",
    "-n",
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    help=f"The newest N.  [default: {DEFAULT_LIMIT}; all with --json]",
)
@click.pass_obj
def list_flows(session: Session, as_json: bool, limit: int | None) -> None:
    """List the recorded exchanges, the newest at the bottom."""
    control = session.control()
    if as_json:
        found: list[dict[str, Any]] = control.get("/flows" + (f"?limit={limit}" if limit else ""))
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    shown = limit or DEFAULT_LIMIT
    found = control.get(f"/flows?limit={shown + 1}")
    if not found:
        click.echo(
            "no flows yet: send something through, such as `ccproxy run --provider simulator -- claude -p hi`", err=True
        )
        return
    from ccproxy.cli.flows.table import show_flows

    show_flows(found[-shown:])
    if len(found) > shown:
        click.echo(click.style(f"there are older ones: -n {shown * 4} shows more", dim=True), err=True)
