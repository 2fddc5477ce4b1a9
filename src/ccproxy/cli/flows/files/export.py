"""`ccproxy flows export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, set_options
from ccproxy.cli.flows.files.chosen import FORCE, chosen, out_options, refuse_to_replace, write_flows
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several

if TYPE_CHECKING:
    from ccproxy.flows.files import Kind

EXAMPLES = [
    ("a session, for mitmweb", "ccproxy flows export session.mflow --session 5b1d"),
    ("one flow as a HAR", "ccproxy flows export flow.har 3f2a91"),
    ("another machine's archive gets them", "ccproxy flows import session.mflow"),
]


@command("export", examples=EXAMPLES)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@out_options
@set_options
@click.option(
    "kind", "--format", type=click.Choice(["mflow", "har"]), help="What to write.  [default: what FILE's name says]"
)
@FORCE
@click.pass_obj
def export(
    session: Session, wanted: Wanted, file: Path, ids: tuple[str, ...], kind: Kind | None, secrets: bool, force: bool
) -> None:
    """Write exchanges to FILE, readable by you only: a flow file of mitmproxy (.mflow) or a HAR (.har).

    Both hold all that `ccproxy flows import` needs to have the flows back. Credentials are redacted. A HAR holds HTTP
    only.
    """
    if file.name == "-":
        told = "standard output is not written to: `ccproxy flows dump` prints a HAR"
        raise click.BadParameter(told, param_hint="FILE")
    kind = kind or named(file)
    refuse_to_replace(file, force=force)
    count = write_flows(chosen(session, wanted, ids, secrets=secrets), file, kind)
    click.echo(f"wrote {several(count, 'flow')} to {file}", err=True)


def named(file: Path) -> Kind:
    """The format that a name says. Raises BadParameter."""
    from ccproxy.flows.files import kind_by_name

    kind = kind_by_name(file)
    if kind is None:
        told = f"{file.name} ends neither in .mflow nor in .har: FILE comes first, then ids; or add --format"
        raise click.BadParameter(told, param_hint="FILE")
    return kind
