"""`ccproxy shapes remove`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("its captures and its patches", "ccproxy shapes remove anthropic"),
    ("the patches only, without being asked", "ccproxy shapes remove anthropic --patches --yes"),
]


@command("remove", examples=EXAMPLES)
@click.argument("name")
@click.option("only_patches", "--patches", is_flag=True, help="Only its patches; the captures stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(session: Session, name: str, only_patches: bool, yes: bool) -> None:
    """Delete your shape of the profile NAME: its captures and its patches.

    Requests to providers that name it cannot be shaped then, until another is captured.
    """
    from ccproxy.cli.flows.clear import agreed
    from ccproxy.cli.shapes.stored import in_words, opened, own_files, reloaded
    from ccproxy.cli.words import visible
    from ccproxy.shaping.shape import ShapeError

    config = session.config()
    there = [path for path in own_files(config, name) if not only_patches or path.suffix != ".mflow"]
    if not there:
        kind = "are no patches" if only_patches else "is no shape"
        raise CommandError(f"there {kind} of {name!r} to remove", "`ccproxy shapes list` shows what there is")
    agreed(f"delete {', '.join(map(str, there))}?", yes=yes)
    try:
        gone = opened(config).remove(name, only_patches=only_patches)
    except ShapeError as error:
        raise in_words(error) from error
    except OSError as error:
        raise CommandError(f"it was not removed: {error}") from error
    for path in gone:
        click.echo(path)
    click.echo(visible(reloaded(session, config, name, gone=True)), err=True)
