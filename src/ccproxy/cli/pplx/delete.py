"""`ccproxy pplx delete`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.pplx.asking import Told, ask, provider_option
from ccproxy.cli.pplx.words import entries, one_line
from ccproxy.cli.session import Session

EXAMPLES = [
    ("a thread, with all that is in it", "ccproxy pplx delete how-do-tides-work-4fQ2"),
    ("without being asked", "ccproxy pplx delete how-do-tides-work-4fQ2 --yes"),
    ("the ids of its entries", "ccproxy pplx show how-do-tides-work-4fQ2 --json | jq -r '.entries[].id'"),
    ("one of them", "ccproxy pplx delete how-do-tides-work-4fQ2 --entry 0b5a2c1e-5a9f-4c1d-8f3b-2d6e7a9c1b20"),
]


@command("delete", examples=EXAMPLES)
@click.argument("slug")
@click.option("--entry", metavar="UUID", help="Only this question with its answer.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@provider_option
@click.pass_obj
def delete(session: Session, slug: str, entry: str | None, yes: bool, provider: str | None) -> None:
    """Delete a thread at Perplexity, or one entry of it.

    SLUG is what `ccproxy pplx threads` lists, or the address of the thread's page.
    """
    from ccproxy.cli.flows.clear import agreed

    wanted = {"slug": slug, "provider": provider}
    if not yes:
        agreed(question(ask(session, "thread", **wanted), entry), yes=False)
    done = ask(session, "delete", entry=entry, **wanted)
    what = f"entry {entry} of" if entry else "thread"
    click.echo(f"deleted {what} {named(done)}", err=True)


def question(found: Told, entry: str | None) -> str:
    """What is asked before it is done. Raises CommandError where there is no such entry."""
    if entry is None:
        return f"delete the thread {named(found)} with {entries(found['entry_count'])}?"
    asked = next((each["question"] for each in found["entries"] if each["id"] == entry), None)
    if asked is None:
        hint = f"`ccproxy pplx show {one_line(found['slug'])}` tells the ids of its entries"
        raise CommandError(f"the thread {named(found)} has no entry {entry!r}", hint)
    return f"delete “{shortened(asked)}” with its answer from the thread {named(found)}?"


def named(found: Told) -> str:
    """A thread as people know it."""
    return f"“{shortened(found['title'])}” ({one_line(found['slug'])})"


def shortened(text: str) -> str:
    """The beginning of a text, in one line."""
    line = one_line(text)
    return line if len(line) <= 60 else f"{line[:59]}…"
