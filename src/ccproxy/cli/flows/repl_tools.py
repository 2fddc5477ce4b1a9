"""What the console does with whole flows: the other commands' work."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.flows.chosen import write_flows, write_har
from ccproxy.cli.flows.flow_set import FlowSet
from ccproxy.cli.flows.repl_bodies import body
from ccproxy.exchange import Exchange, HttpRequest, HttpResponse


def har(found: FlowSet, path: Path | None) -> Any:
    """The flows as HAR 1.2: the path they were written to, or a value if there is none. Raises CommandError."""
    if path is not None:
        write_flows(found, path, "har")
        return path
    output = io.BytesIO()
    write_har(found, output)
    return json.loads(output.getvalue())


def unified(
    old: HttpRequest | HttpResponse | None, new: HttpRequest | HttpResponse | None, names: tuple[str, str]
) -> Iterator[str]:
    """The lines of a unified diff of two bodies, JSON indented; none if they are the same."""
    before, after = (str(body(each, pretty=True)).splitlines() if each else [] for each in (old, new))
    return unified_diff(before, after, *names, lineterm="")


def show_diff(old: Exchange, new: Exchange) -> None:
    """Prints how the forwarded requests of two flows differ, line by line."""
    from ccproxy.flows.summary import forwarded

    for line in unified(forwarded(old), forwarded(new), (old.id[:8], new.id[:8])):
        click.echo(line)


def show_comparison(ex: Exchange) -> None:
    """Prints what became of a flow's request and of its answer on the way."""
    from ccproxy.flows.summary import answered, forwarded

    id = ex.id[:8]
    for line in unified(ex.request, forwarded(ex), (f"client:{id}", f"forwarded:{id}")):
        click.echo(line)
    for line in unified(answered(ex), ex.response, (f"provider:{id}", f"client:{id}")):
        click.echo(line)
