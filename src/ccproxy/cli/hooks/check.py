"""`ccproxy hooks check`."""

from __future__ import annotations

import shutil

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several, visible

EXAMPLES = [
    ("does everything load, and in which order does it run", "ccproxy hooks check"),
    ("before the daemon is started again", "ccproxy hooks check && ccproxy start"),
    ("in a repository of hooks, such as in CI", "ccproxy --config ./ccproxy hooks check"),
]


@command("check", examples=EXAMPLES)
@click.pass_obj
def check(session: Session) -> None:
    """Load all hooks as the daemon would, and say what is wrong or in which order they run.

    Every problem is told with its place, and the exit status is 1 if there is one. A running daemon is not asked: it
    may still run what was there before.
    """
    from ccproxy.cli.hooks.loading import load
    from ccproxy.config import ConfigError

    config = session.config()
    try:
        found = load(config)
    except ConfigError as error:
        number = several(len(error.problems), "problem")
        raise CommandError(f"the hooks cannot be loaded: {number}", *str(error).splitlines()) from error
    from ccproxy.pipeline.render import tree

    for warning in found.warnings:
        click.echo(f"{click.style('warning:', fg='yellow')} {visible(warning)}", err=True)
    pipeline = found.pipeline
    number = several(len(list(pipeline.steps)), "hook")
    click.echo(f"{click.style(number, fg='green')}, all well; this is their order")
    click.echo()
    for line in tree(pipeline.describe(), shutil.get_terminal_size().columns):
        click.echo(visible(line))
