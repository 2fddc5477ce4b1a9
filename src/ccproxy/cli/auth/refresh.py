"""`ccproxy auth refresh`."""

from __future__ import annotations

from datetime import datetime

import click

from ccproxy.cli.auth.asking import Told, as_json, ask
from ccproxy.cli.auth.words import below, line, validity, width_of
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("get a new access token for one provider", "ccproxy auth refresh claude"),
    ("for all that have a token endpoint", "ccproxy auth refresh"),
    ("run a provider's command again, such as after a key was changed", "ccproxy auth refresh openai"),
]

WORDS = {
    "refreshed": "refreshed",
    "recent": "was refreshed a moment ago already",
    "obtained": "obtained again, for it cannot be refreshed at a token endpoint",
}


@command("refresh", examples=EXAMPLES)
@click.argument("name", required=False)
@click.option("as_list", "--json", is_flag=True, help="Print an array, one object a provider, with its outcome.")
@click.pass_obj
def refresh(session: Session, name: str | None, as_list: bool) -> int:
    """Get credentials anew, now, although they may be good for longer.

    NAME is a provider; if it is left out, all whose credential has a token endpoint. That of a command or a file, which
    nothing can refresh, is obtained again. A running daemon does it, so that it happens once for all who need it. The
    exit status is 1 if one could not be had.
    """
    found = ask(session, "refresh", name)
    if as_list:
        as_json(found)
    elif found:
        width, now = width_of(found), datetime.now().astimezone()
        for each in found:
            click.echo(line(each, width, sentence(each, now)))
            if each["outcome"] == "failed" and each["advice"]:
                click.echo(below(width, each["advice"]))
    else:
        click.echo("no provider has a credential with a token endpoint: name one to have it obtained again", err=True)
    return 1 if any(each["outcome"] == "failed" for each in found) else 0


def sentence(each: Told, now: datetime) -> str:
    """What came of it."""
    if each["outcome"] == "failed":
        return f"failed: {each['error']}"
    told = WORDS[each["outcome"]]
    return ", ".join(filter(None, [told, validity(each["expires"], now), each["error"]]))
