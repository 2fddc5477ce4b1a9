"""`ccproxy flows`."""

from __future__ import annotations

import click

from ccproxy.cli.grammar import Entry, LazyGroup

ENTRIES = {
    "list": Entry("ccproxy.cli.flows.list:list_flows", "List the recorded exchanges."),
    "show": Entry("ccproxy.cli.flows.show:show_flow", "Tell the story of one exchange."),
    "conversations": Entry("ccproxy.cli.flows.conversations.command:conversations", "Show sessions as trees."),
    "diff": Entry("ccproxy.cli.flows.diff.command:diff", "Compare requests with those before them."),
    "compare": Entry("ccproxy.cli.flows.compare.command:compare", "Compare what came with what was passed on."),
    "dump": Entry("ccproxy.cli.flows.files.dump:dump", "Write exchanges as HAR, for browsers and other tools."),
    "replay": Entry("ccproxy.cli.flows.replay:replay", "Send a request again."),
    "export": Entry("ccproxy.cli.flows.files.export:export", "Write exchanges to a file: .mflow or .har."),
    "import": Entry("ccproxy.cli.flows.files.import_:import_flows", "Put the exchanges of files into the archive."),
    "repl": Entry("ccproxy.cli.flows.repl.command:repl", "Ask about the flows in Python."),
    "clear": Entry("ccproxy.cli.flows.clear:clear", "Delete recorded exchanges."),
}

EXAMPLES = [
    ("the newest flows, the latest at the bottom", "ccproxy flows list"),
    ("what became of one; the beginning of its id is enough", "ccproxy flows show 3f2a91"),
]


@click.group("flows", cls=LazyGroup, entries=ENTRIES, examples=EXAMPLES)
def flows() -> None:
    """See the exchanges that the daemon recorded, whether it runs or not.

    A flow is one request of a client with all that became of it.
    """
