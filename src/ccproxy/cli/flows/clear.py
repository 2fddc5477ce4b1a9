"""`ccproxy flows clear`."""

from __future__ import annotations

import sys

import click

from ccproxy.cli.flows.chosen.flow_set import Summary, Wanted, open_set, set_options
from ccproxy.cli.flows.chosen.sources import Sources, sources
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several
from ccproxy.config.paths import archive_path
from ccproxy.flows.selection import Selection

EXAMPLES = [
    ("what a host got and gave", "ccproxy flows clear --host telemetry.example.com"),
    ("one session, without being asked", "ccproxy flows clear --session 5b1d --yes"),
    ("all of them", "ccproxy flows clear --all"),
]


@command("clear", examples=EXAMPLES)
@set_options
@click.option("clear_all", "--all", is_flag=True, help="All flows; filters, those of the configuration too, are left.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def clear(session: Session, wanted: Wanted, clear_all: bool, yes: bool) -> None:
    """Delete recorded exchanges, from the archive and from the daemon's memory.

    Those that are under way stay.
    """
    reader, flows = chosen(session, wanted, everything=clear_all)
    finished = [flow["id"] for flow in flows if flow["done"]]
    under_way = len(flows) - len(finished)
    if finished:
        agreed(f"delete {several(len(finished), 'flow')} from {where(reader)}?", yes=yes)
        reader.delete(finished)
    if clear_all:
        reader.clear_memory()
    stays = f"; {under_way} under way {'stays' if under_way == 1 else 'stay'}" if under_way else ""
    click.echo(f"deleted {several(len(finished), 'flow')}{stays}", err=True)


def chosen(session: Session, wanted: Wanted, *, everything: bool) -> tuple[Sources, list[Summary]]:
    """The flows to delete, and where they are. Raises UsageError: it is not said which."""
    if everything and not wanted.everything:
        raise click.UsageError("--all is all: leave the options out that select some, or leave --all out")
    if everything:
        reader = sources(session, wanted.archive)
        return reader, reader.summaries(Selection())
    if wanted.everything:
        raise click.UsageError("say which: by options such as --since, --host or --jq, or --all")
    found = open_set(session, wanted)
    return found.reader, found.summaries


def where(reader: Sources) -> str:
    """The places that flows are deleted from."""
    archive = str(reader.archive.path) if reader.archive else None
    memory = "the daemon's memory" if reader.live else None
    return " and ".join(filter(None, [archive, memory])) or str(archive_path())


def agreed(question: str, *, yes: bool, refused: str = "nothing was deleted") -> None:
    """Ask, unless it need not be. Raises CommandError where the answer is no, and where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"this is no terminal, so nobody can be asked: {question}", "--yes does it without asking")
    if not click.confirm(question, err=True):
        raise CommandError(refused)
