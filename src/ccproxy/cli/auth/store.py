"""`ccproxy auth store`."""

from __future__ import annotations

import sys

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import visible

EXAMPLES = [
    ("type or paste it; nothing is shown", "ccproxy auth store perplexity"),
    (
        "a request to www.perplexity.ai, copied as cURL in a browser",
        "wl-paste | ccproxy auth store perplexity",
    ),
    ("an API key out of a password store", "pass show openai | ccproxy auth store openai"),
]


@command("store", examples=EXAMPLES)
@click.argument("name", metavar="PROVIDER")
@click.pass_obj
def store(session: Session, name: str) -> None:
    """Keep a credential in the file that PROVIDER's `auth` names, readable for you alone.

    It is asked for without being shown, or read from standard input. For Perplexity it may be a whole Cookie field, or
    what a browser copies as cURL, of which the session's cookie is kept. A daemon that runs need not be told: it reads
    the file again.
    """
    from ccproxy.auth import CredentialError
    from ccproxy.auth.source import decoded
    from ccproxy.providers.keeping import NotKept, file_of, keep

    config = session.config()
    try:
        file_of(config, name)  # nobody should look for a credential in vain
        target = keep(config, name, decoded(given(name), "what was given holds"))
    except (NotKept, CredentialError) as error:
        raise CommandError(*map(str, error.args)) from None
    click.echo(f"stored for {visible(name)} in {visible(str(target))}; the next request uses it")


def given(name: str) -> bytes:
    """What is typed on the terminal, or comes on standard input; more than enough of it to see that it is too long."""
    from ccproxy.auth.source import MAX_BYTES
    from ccproxy.cli.auth.hidden import hidden_line

    if sys.stdin.isatty():
        return hidden_line(f"credential for {visible(name)} (not shown): ")
    return sys.stdin.buffer.read(MAX_BYTES + 1)
