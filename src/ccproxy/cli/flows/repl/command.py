"""`ccproxy flows repl`."""

from __future__ import annotations

import click

from ccproxy.cli.flows.chosen.flow_set import Wanted, set_options
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("look around among the flows of today", "ccproxy flows repl --since today"),
    (
        "the requests of a model, one below the other",
        "ccproxy flows repl -c 'for i in ids: print(request(i))' --model opus",
    ),
    (
        "the tokens of the answers in all",
        'ccproxy flows repl -c \'print(sum((f["usage"] or {}).get("output_tokens", 0) for f in flows))\'',
    ),
]


@command("repl", examples=EXAMPLES)
@set_options
@click.option("code", "-c", metavar="CODE", help="Run this and end, in place of asking.")
@click.option("--secrets", is_flag=True, help="Show credentials, as far as they were kept.")
@click.pass_obj
def repl(session: Session, wanted: Wanted, code: str | None, secrets: bool) -> None:
    """Ask about the flows in Python.

    \b
    flows, ids            the flows, the oldest first, and their ids
    show()  show(True)    as a table, as JSON
    flow(R) exchange(R)   what is known of one; all of it
    request(R)            the body as it was forwarded, response(R) the answer's
    diff(R, R)            between two requests; compare(R…) each on its way
    jq(FILTER)            what a jq filter makes of the flows
    shape(PROFILE, R)     makes a shape of its envelope, as `ccproxy shapes save` does
    dump(R…, path=FILE)   as HAR; save_request(R), save_response(R): a body as a file
    clear(R…)             delete them; refresh(): look for new ones

    R is a place such as 0 or -1, an id, the beginning of one, or a flow. IPython is used where it is installed.
    """
    from ccproxy.cli.flows.repl.console import execute, run
    from ccproxy.cli.flows.repl.names import Names

    names = Names(session, wanted, secrets=secrets)
    if code is not None:
        execute(code, names.table())
        return
    run(names.table(), banner(len(names.flows), secrets=secrets))


def banner(count: int, *, secrets: bool) -> str:
    """Three lines: what there is, how to ask, how to name a flow."""
    shown = "shown, as far as they were kept" if secrets else "redacted (--secrets shows them)"
    return "\n".join(
        [
            f"{count} flow{'' if count == 1 else 's'} in `flows`, credentials {shown}",
            "show()  flow(0)  request(0)  response(-1)  diff(0, 1)  compare(0)  jq('map(.model)')  dump(path='x.har')",
            "a flow is named by its place, its id or the beginning of it; help(diff) tells more, Ctrl-D ends",
        ]
    )
