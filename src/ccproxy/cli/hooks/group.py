"""The group of commands."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

EXAMPLES = [
    ("write a hook to start from, and its test", "ccproxy hooks new shorter"),
    ("does everything load, and in which order does it run", "ccproxy hooks check"),
    ("what it makes of a request", "ccproxy hooks run shorter < request.json"),
]

ENTRIES = {
    "list": Entry("ccproxy.cli.hooks.list:list_hooks", "List the hooks in the order in which they run."),
    "check": Entry("ccproxy.cli.hooks.check:check", "Load all hooks as the daemon would, and say what is wrong."),
    "run": Entry("ccproxy.cli.hooks.run:run", "Run one hook on one request, without a daemon."),
    "new": Entry("ccproxy.cli.hooks.new:new", "Write a hook to start from, and its test."),
}


@click.group("hooks", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def hooks() -> None:
    """See, check, try and write hooks.

    A hook is a Python function that sees requests on their way to the provider, or answers on their way back, and may
    change them. Those in the directory `hooks` beside ccproxy.yaml are loaded by themselves.
    """
