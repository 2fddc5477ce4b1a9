"""The group of commands."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

EXAMPLES = [
    ("which credentials there are, and until when they are good", "ccproxy auth list"),
    ("is anything wrong, and what to do about it", "ccproxy auth check"),
    ("get a new one now", "ccproxy auth refresh claude"),
    ("keep one in the provider's file", "ccproxy auth store perplexity"),
]

ENTRIES = {
    "list": Entry("ccproxy.cli.auth.list:list_credentials", "List the providers' credentials, never a token."),
    "check": Entry("ccproxy.cli.auth.check:check", "Say which credentials cannot be used, and what to do."),
    "refresh": Entry("ccproxy.cli.auth.refresh:refresh", "Get credentials anew, now."),
    "store": Entry("ccproxy.cli.auth.store:store", "Keep a credential in the file of its provider."),
}


@click.group("auth", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def auth() -> None:
    """See how the providers' credentials stand, get them anew, and keep them.

    No command shows a token.
    """
