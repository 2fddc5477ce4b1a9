"""The group of commands."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

EXAMPLES = [
    ("how much of each kind of search is left", "ccproxy pplx quota"),
    ("the newest threads", "ccproxy pplx threads"),
    ("keep one as a page of Markdown", "ccproxy pplx export how-do-tides-work-4fQ2 -o tides.md"),
]

ENTRIES = {
    "quota": Entry("ccproxy.cli.pplx.quota:quota", "Tell what is left of the account's limits."),
    "threads": Entry("ccproxy.cli.pplx.threads:threads", "List the account's threads, or search them."),
    "show": Entry("ccproxy.cli.pplx.show:show_thread", "Print a thread: questions, answers, sources."),
    "export": Entry("ccproxy.cli.pplx.export:export", "Write a thread as a page of Markdown."),
    "delete": Entry("ccproxy.cli.pplx.delete:delete", "Delete a thread, or one entry of it."),
}


@click.group("pplx", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def pplx() -> None:
    """See the threads and the quota of a Perplexity account.

    They are at perplexity.ai, which is asked with the credential of the provider of type perplexity_pro: by the daemon,
    if one runs, else by the command itself.
    """
