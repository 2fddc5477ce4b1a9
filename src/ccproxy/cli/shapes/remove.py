"""`ccproxy shapes remove`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("its captures and its patches", "ccproxy shapes remove anthropic"),
    ("without being asked", "ccproxy shapes remove anthropic --yes"),
]


@command("remove", examples=EXAMPLES)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(session: Session, name: str, yes: bool) -> None:
    """Delete your shape of the profile NAME: its captures and its patches.

    Requests to providers that name it cannot be shaped then, until another is captured.
    """
    from ccproxy.cli.flows.clear import agreed
    from ccproxy.cli.shapes.stored import announce, opened, own_files

    config = session.config()
    there = own_files(config, name)
    if not there:
        raise CommandError(f"there is no shape of {name!r} to remove", "`ccproxy shapes list` shows those there are")
    agreed(f"delete {', '.join(map(str, there))}?", yes=yes)
    try:
        gone = opened(config).remove(name)
    except OSError as error:
        raise CommandError(f"it was not removed: {error}") from error
    for path in gone:
        click.echo(path)
    announce(session, config, name)
