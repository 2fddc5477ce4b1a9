"""`ccproxy flows show`."""

from __future__ import annotations

import base64
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.flows.chosen.flow_set import one_id, read
from ccproxy.cli.flows.chosen.options import ARCHIVE
from ccproxy.cli.flows.chosen.sources import sources
from ccproxy.cli.flows.table import Summary
from ccproxy.cli.grammar import command
from ccproxy.cli.session import Session
from ccproxy.cli.words import size, visible

EXAMPLES = [
    ("what became of one request; the beginning of its id is enough", "ccproxy flows show 3f2a91"),
    ("with the four bodies, from the client's request to the client's answer", "ccproxy flows show 3f2a91 --bodies"),
    ("what hooks made of it", "ccproxy flows show 3f2a91 --json | jq .hooks"),
    ("the request as it was forwarded", "ccproxy flows show 3f2a91 --json | jq -r .bodies.forwarded_request.text"),
]

BODIES = {
    "client_request": "what the client sent",
    "forwarded_request": "what was forwarded",
    "provider_response": "what the provider answered",
    "client_response": "what the client got",
}

MOST_BYTES = 256
"""Of a message that is no text."""


@command("show", examples=EXAMPLES)
@click.argument("id")
@click.option("as_json", "--json", is_flag=True, help="Print all that is known as one JSON object, bodies too.")
@click.option(
    "--bodies", is_flag=True, help="Print bodies and messages as well, JSON indented, content codings undone."
)
@click.option("--secrets", is_flag=True, help="Show credentials, as far as they were kept.")
@ARCHIVE
@click.pass_obj
def show_flow(session: Session, /, id: str, as_json: bool, bodies: bool, **where: Any) -> None:
    """Tell the story of one exchange: the request, its hooks, the route, and the answer.

    ID is the exchange's id, or the beginning of it that `ccproxy flows list` shows.
    """
    flow = told(session, id, **where)
    if as_json:
        from ccproxy.cli.flows.list import print_json

        print_json(flow)
        return
    from ccproxy.cli.flows.story import story

    now = datetime.now().astimezone()
    click.echo(story(flow, now, min(120, shutil.get_terminal_size().columns)))
    for name, title in BODIES.items() if bodies and flow["protocol"] == "http" else ():
        if not flow["messages"] or (flow["bodies"][name] or {}).get("size"):
            click.echo("\n" + shown(title, flow["bodies"][name]))
    if bodies and flow["messages"] and flow["protocol"] != "dns":  # the story has question and answers
        click.echo("\n" + said(flow["messages"]))


def told(session: Session, id: str, *, secrets: bool = False, archive: Path | None = None) -> Summary:
    """The detail of the one flow whose id begins so, with its cost. Raises CommandError."""
    from ccproxy.flows.summary import detail
    from ccproxy.flows.usage.cost import cost_of

    reader = sources(session, archive, secrets=secrets)
    reader.live_first = True
    id = one_id(reader, id)
    flow = detail(read(reader, id, secrets=secrets), secrets=secrets)
    kept = reader.kept_summary(id)  # has what was in bodies, where those were not kept
    flow |= {name: value for name, value in kept.items() if flow.get(name) is None}
    return {**flow, "cost": flow.get("cost") or cost_of(flow)}


def shown(title: str, body: Summary | None) -> str:
    """A body below its heading."""
    if body is None:
        return f"{click.style(title, bold=True)}: nothing"
    if body["size"] and not body["text"]:
        return f"{click.style(f'{title} ({size(body["size"])})', bold=True)}: not kept"
    cut = ", not all of which was kept" if body["truncated"] else ""
    return f"{click.style(f'{title} ({size(body["size"])}{cut})', bold=True)}\n{text_of(body)}"


def said(messages: list[Summary]) -> str:
    """The messages of a conversation, an arrow before each: `→` the client's, `←` those that it got."""
    lines = [click.style("messages", bold=True)]
    for message in messages:
        arrow = click.style("→" if message["from_client"] else "←", fg="cyan" if message["from_client"] else "green")
        lines.append(f"{arrow} {words_of(message)}")
    return "\n".join(lines)


def words_of(message: Summary) -> str:
    """A message; of one that is no text the first bytes, those that are not ASCII spelled out."""
    if message["encoding"] == "utf-8":
        return text_of(message)
    data = base64.b64decode(message["text"])
    more = f" … ({size(message['size'])})" if len(data) > MOST_BYTES else ""
    return str(data[:MOST_BYTES])[2:-1] + more


def text_of(body: Summary) -> str:
    """JSON indented, other text as it is with control characters spelled out."""
    if body["encoding"] != "utf-8":
        return "(bytes that are no text; --json has them in base64)"
    try:
        text = json.dumps(json.loads(body["text"]), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body["text"]
    return "\n".join(map(visible, text.encode("utf-8", "replace").decode().splitlines()))
