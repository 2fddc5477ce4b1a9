"""`ccproxy pplx show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from ccproxy.cli.grammar import command
from ccproxy.cli.pplx.asking import Told, ask, provider_option
from ccproxy.cli.pplx.words import as_json, entries, lines, one_line
from ccproxy.cli.session import Session
from ccproxy.cli.words import clock

EXAMPLES = [
    ("questions, answers and sources", "ccproxy pplx show how-do-tides-work-4fQ2"),
    ("with what went before the answers", "ccproxy pplx show how-do-tides-work-4fQ2 --reasoning"),
    ("the last answer", "ccproxy pplx show how-do-tides-work-4fQ2 --json | jq -r '.entries[-1].answer'"),
]


@command("show", examples=EXAMPLES)
@click.argument("slug")
@click.option("--reasoning", is_flag=True, help="Plans and steps, too.")
@provider_option
@click.option("--json", "as_document", is_flag=True, help="Print an object; `entries` has one object a question.")
@click.pass_obj
def show_thread(session: Session, slug: str, reasoning: bool, provider: str | None, as_document: bool) -> None:
    """Print a thread: its questions, answers and sources.

    SLUG is what `ccproxy pplx threads` lists, or the address of the thread's page.
    """
    citations = None if as_document else "default"
    found = ask(session, "thread", slug=slug, reasoning=reasoning or None, citations=citations, provider=provider)
    if as_document:
        as_json(found)
        return
    for line in story(found, datetime.now().astimezone()):
        click.echo(line)


def story(found: Told, now: datetime) -> Iterator[str]:
    """The thread for people."""
    yield click.style(one_line(found["title"]) or "without a title", bold=True)
    yield click.style(f"{one_line(found['url'])}  {entries(found['entry_count'])}", dim=True)
    for entry in found["entries"]:
        yield ""
        yield from told(entry, now)


def told(entry: dict[str, Any], now: datetime) -> Iterator[str]:
    """One question with its answer."""
    yield "\n".join(click.style(f"> {line}", fg="cyan") for line in lines(entry["question"]).split("\n"))
    for url in entry["attachments"]:
        yield click.style(f"  with {one_line(url)}", dim=True)
    moment = clock(entry["moment"], now) if entry["moment"] else ""
    yield click.style("  ".join(filter(None, [one_line(entry["model"]), moment, one_line(entry["id"])])), dim=True)
    if entry["reasoning"]:
        yield click.style(lines(entry["reasoning"]), dim=True)
    yield lines(entry["answer"]) if entry["answer"] else click.style(one_line(entry["error"]) or "no answer", fg="red")
    for number, source in enumerate(entry["sources"], 1):
        yield click.style(f"[{number}] {one_line(source['title'])}  {one_line(source['url'])}", dim=True)
