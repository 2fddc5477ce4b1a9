"""`ccproxy flows dump`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, set_options
from ccproxy.cli.flows.files.chosen import FORCE, chosen, out_options, refuse_to_replace, write_flows, write_har
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several

EXAMPLES = [
    ("one flow; the beginning of its id is enough", "ccproxy flows dump 3f2a91 > flow.har"),
    (
        "today's failures, for a browser",
        "ccproxy flows dump --since today --status error -o x.har",
    ),
    (
        "what was forwarded",
        "ccproxy flows dump -n 3 | jq -r '.log.entries | .[range(0; length; 2)].request.postData.text'",
    ),
]


@command("dump", examples=EXAMPLES)
@out_options
@set_options
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file, readable by you only, in place of standard output.",
)
@FORCE
@click.pass_obj
def dump(
    session: Session, wanted: Wanted, ids: tuple[str, ...], output: Path | None, secrets: bool, force: bool
) -> None:
    """Write exchanges as a HAR 1.2, which browsers and other tools open.

    Each flow is a page with two entries: what passed between ccproxy and the provider, then what passed between the
    client and ccproxy. Credentials are redacted.
    """
    if output is not None:
        refuse_to_replace(output, force=force)
    found = chosen(session, wanted, ids, secrets=secrets)
    if output is None:
        write_har(found, sys.stdout.buffer)
        return
    count = write_flows(found, output, "har")
    click.echo(f"wrote {several(count, 'flow')} to {output}", err=True)
