"""`ccproxy auth check`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click

from ccproxy.cli.auth.asking import Told, as_json, ask
from ccproxy.cli.auth.words import below, is_over, line, trouble, validity, width_of
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("can all of them be used", "ccproxy auth check"),
    ("one of them, before work begins", "ccproxy auth check claude && ccproxy run --provider claude -- claude"),
]


@command("check", examples=EXAMPLES)
@click.argument("name", required=False)
@click.option("as_list", "--json", is_flag=True, help="Print an array, one object a provider.")
@click.pass_obj
def check(session: Session, name: str | None, as_list: bool) -> int:
    """Say which credentials cannot be used, why, and what to do.

    NAME is a provider; all of them if it is left out. Files are read and commands are run, but no provider is asked:
    that a credential is there does not mean that its provider takes it. That one was refused, a running daemon knows,
    until it is another one or is taken after all. The exit status is 1 if one cannot be used.
    """
    found = ask(session, "look", name)
    if as_list:
        as_json(found)
    else:
        width, now = width_of(found), datetime.now().astimezone()
        for each in found:
            first, *more = sentences(each, now)
            click.echo(line(each, width, first))
            for text in (*more, *beside(each)):
                click.echo(below(width, text))
    return 0 if all(each["usable"] for each in found) else 1


def sentences(each: Told, now: datetime) -> Iterator[str]:
    """What is to be said of a credential, a line each."""
    if each["type"] is None and each["usable"]:
        yield "needs no credential"
    elif not each["usable"]:
        yield trouble(each, now) or "there is none"
        yield from filter(None, [each["advice"]])
    else:
        kind = None if (each["where"] or "").startswith(each["type"]) else each["type"]
        yield ", ".join(filter(None, [kind, each["where"], validity(each["expires"], now)]))
        yield from filter(None, [each["error"] or outlook(each, now)])


def beside(each: Told) -> Iterator[str]:
    """What else is to be said of a provider, among it what a running daemon knows of its account at Code Assist."""
    yield from filter(None, [each.get("remark")])
    if "project" in each and each["usable"]:
        told = f"project: {each['project']}" if each["project"] else "no project"
        yield "Code Assist, " + ": ".join(filter(None, [told, each["project_error"]]))


def outlook(each: Told, now: datetime) -> str:
    """What will become of a credential with which nothing is wrong, where that is worth saying."""
    if each["refreshable"] and is_over(each["expires"], now):
        return "it is refreshed for the next request"
    if each["expires"] and not each["refreshable"]:
        return "it cannot be refreshed, for there is no refresh token: log in again before it is over"
    return ""
