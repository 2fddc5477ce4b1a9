"""`ccproxy shapes`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

ENTRIES = {
    "capture": Entry(
        "ccproxy.cli.shapes.capture:capture", "Run a client, sealed off, and keep what it sends as a shape."
    ),
    "list": Entry("ccproxy.cli.shapes.list:list_shapes", "List the shapes, and how each stands."),
    "show": Entry("ccproxy.cli.shapes.show:show_shape", "Show a shape, and where it comes from."),
    "save": Entry("ccproxy.cli.shapes.save:save", "Make a shape of a recorded flow."),
    "diff": Entry("ccproxy.cli.shapes.diff:diff", "Compare a shape with its base, or with one before it."),
    "audit": Entry("ccproxy.cli.shapes.audit:audit", "Look for credentials, ids and content in files of shapes."),
    "remove": Entry("ccproxy.cli.shapes.remove:remove", "Delete a shape."),
}

EXAMPLES = [
    ("keep the envelope of the Claude Code that is installed here", "ccproxy shapes capture anthropic -- claude -p hi"),
    ("what there is, and how it stands", "ccproxy shapes list"),
    ("what a request would be put into", "ccproxy shapes show anthropic"),
]


@click.group("shapes", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def shapes() -> None:
    """Keep the envelope of a client of yours, for providers that ask for one.

    A shape is what is around the content of a request: header fields, query, members of the body. Requests to a
    provider whose `shape` names a profile leave in the shape of that profile. docs/shaping.md tells more.
    """
