"""`ccproxy init`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("write ~/.config/ccproxy/ccproxy.yaml, if there is none", "ccproxy init"),
    ("start over, after a look at the old one", "ccproxy init --force"),
    ("a second, independent configuration", "ccproxy --config ./ccproxy-test init"),
]


@command("init", examples=EXAMPLES)
@click.option("--force", is_flag=True, help="Overwrite an existing ccproxy.yaml.")
@click.pass_obj
def init(session: Session, force: bool) -> None:
    """Write a commented ccproxy.yaml to start from.

    It holds an example of each kind of provider, and the simulated one switched on, so that `ccproxy start` works at
    once.
    """
    from ccproxy.config.template import write_template

    directory = session.config_dir()
    try:
        path = write_template(directory, force=force)
    except OSError as error:
        raise CommandError(f"{directory / 'ccproxy.yaml'} cannot be written: {error.strerror}") from error
    if path is None:
        click.echo(f"{directory / 'ccproxy.yaml'} is there already and stays as it is (--force overwrites it)")
        return
    click.echo(f"{click.style('wrote', fg='green')} {path}")
    option = f" --config {session.directory}" if session.directory else ""
    click.echo("\nNext:")
    for purpose, line in (
        ("name your providers in it", f"$EDITOR {path}"),
        ("run the daemon", f"ccproxy{option} start"),
        ("in a second terminal, send a client through it", f"ccproxy{option} run --provider simulator -- claude"),
        ("see what went through", f"ccproxy{option} flows list"),
    ):
        click.echo(f"  {line:<56}  {click.style(f'# {purpose}', dim=True)}")
