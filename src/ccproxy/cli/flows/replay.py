"""`ccproxy flows replay`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from ccproxy.cli.flows.chosen.flow_set import one
from ccproxy.cli.flows.table import Summary, error, tokens
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import duration, visible
from ccproxy.flows.selection import model_of

if TYPE_CHECKING:
    from ccproxy.cli.control import Control

EXAMPLES = [
    ("the same request once more; the beginning of its id is enough", "ccproxy flows replay 3f2a91"),
    ("to another provider, translated if need be", "ccproxy flows replay 3f2a91 --provider local --model qwen3"),
    ("what the model says this time", "ccproxy flows replay 3f2a91 --text"),
]
HEADING = ["", "id", "status", "provider/model", "in/out/cached", "total"]
SECONDS = 1800.0
"""How long an answer is waited for; its provider's own limits are the daemon's business."""


@command("replay", examples=EXAMPLES)
@click.argument("id")
@click.option("--provider", metavar="NAME", help="Send it to this provider.  [default: the one it went to]")
@click.option("--model", metavar="NAME", help="Ask for this model.  [default: the one it asked for]")
@click.option("as_json", "--json", is_flag=True, help="Print what was told of the former flow and of the new one.")
@click.option("as_text", "--text", is_flag=True, help="Print what the model says, and nothing else.")
@click.pass_obj
def replay(session: Session, id: str, provider: str | None, model: str | None, as_json: bool, as_text: bool) -> None:
    """Send a client's request again, through the running daemon and all that it does to requests.

    The request is the recorded one but for credentials: those are the provider's, as always.
    """
    if as_json and as_text:
        raise click.UsageError("--json and --text cannot be combined")
    for name, value in (("--provider", provider), ("--model", model)):
        if value == "":
            raise click.BadParameter("is empty", param_hint=name)
    control = session.control()
    old, answer = sent_again(session, control, id, {"provider": provider, "model": model})
    new: Summary = answer["flow"]
    if as_json:
        click.echo(json.dumps({"old": old, "new": new}, indent=2, ensure_ascii=False))
    elif as_text:
        click.echo(text_of(control, new))
        if why := error(new):
            click.echo(f"the answer is not whole: {visible(why)}", err=True)
    else:
        tell(old, new)
    if provider is not None and new["provider"] not in (provider, None):
        click.echo(f"it went to {new['provider']}, not to {provider}: {visible(new['reason'] or '')}", err=True)
    if (new["status"] or 599) >= 400 or new["error"]:
        click.get_current_context().exit(1)


def sent_again(
    session: Session, control: Control, id: str, options: dict[str, str | None]
) -> tuple[Summary, dict[str, Any]]:
    """What is known of the former flow, and what the daemon says of the new one. Raises CommandError."""
    from ccproxy.cli.control import refusal
    from ccproxy.flows.record.frame import pack
    from ccproxy.flows.record.record import to_record
    from ccproxy.flows.secrets.places import MARK
    from ccproxy.flows.summary import summarize

    if control.status() is None:
        from ccproxy.cli.control import NotRunningError

        raise NotRunningError
    ex = one(session, id, secrets=True)  # those in header fields stay here: the daemon sends none of a record's
    if MARK in ex.request.body:
        click.echo(f"credentials were taken out of the body: {MARK.decode()} is sent in their place", err=True)
    query = urlencode({name: value for name, value in options.items() if value is not None})
    status, body = control.exchange("POST", f"/replay?{query}", pack(to_record(ex)), SECONDS)
    if status != 200:
        raise refusal(status, body)
    answer: dict[str, Any] = json.loads(body)
    return summarize(ex), answer


def tell(old: Summary, new: Summary) -> None:
    """Both flows, a line each, and what to do next."""
    rows = [HEADING, ["then", *row(old)], ["now", *row(new)]]
    widths = [max(len(each[at]) for each in rows) for at in range(len(rows[0]))]
    for cells, flow in zip(rows, (None, old, new), strict=True):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
        failed = flow is not None and ((flow["status"] or 599) >= 400 or flow["error"])
        click.echo(click.style(line, bold=flow is None, fg="red" if failed else None))
    if why := error(new):
        click.echo(click.style(f"  {visible(why)}", fg="red"))
    click.echo(new["id"])
    for hint in (f"ccproxy flows compare {new['id'][:8]}", f"ccproxy flows diff {old['id'][:8]} {new['id'][:8]}"):
        click.echo(click.style(hint, dim=True), err=True)


def row(flow: Summary) -> list[str]:
    """Id, status, where it went, tokens, time."""
    model = model_of(flow) or "-"
    counts = tokens(flow)
    return [
        flow["id"][:8],
        str(flow["status"] or "-"),
        visible(f"{flow['provider'] or '-'}/{model}"),
        counts or "-",
        duration(flow["total_ms"]),
    ]


def text_of(control: Control, flow: Summary) -> str:
    """What the model said. Raises CommandError if there is no such answer."""
    from ccproxy.cli.flows.answer import read
    from ccproxy.lightllm.answer import Refusal, Text

    answer = read(control.get(f"/flows/{flow['id']}"))
    if answer is None:
        words = error(flow) or f"the status is {flow['status']}"
        raise CommandError(f"there is no answer to print: {words}", f"ccproxy flows show {flow['id'][:8]}")
    return "".join(block.text for block in answer.blocks if isinstance(block, Text | Refusal))
