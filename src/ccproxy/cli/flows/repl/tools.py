"""What the console does with whole flows: the other commands' work."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ccproxy.cli.flows.chosen.flow_set import FlowSet
from ccproxy.cli.flows.files.chosen import write_flows, write_har
from ccproxy.exchange import Exchange


def har(found: FlowSet, path: Path | None) -> Any:
    """The flows as HAR 1.2: the path they were written to, or a value if there is none. Raises CommandError."""
    if path is not None:
        write_flows(found, path, "har")
        return path
    output = io.BytesIO()
    write_har(found, output)
    return json.loads(output.getvalue())


def show_diff(old: str, new: str, get: Callable[[str], Exchange]) -> None:
    """Prints how the forwarded requests of two flows differ. `get` gives a flow by its id."""
    from ccproxy.cli.flows.diff.command import structural
    from ccproxy.cli.flows.diff.pairing import Pair

    for line in structural(Pair(old, new, "as asked for"), get, client=False, width=_width()):
        click.echo(line)


def show_comparison(ex: Exchange) -> None:
    """Prints what became of a flow's request and of its answer on the way."""
    from ccproxy.cli.flows.compare.command import in_parts

    for line in in_parts(ex, _width()):
        click.echo(line)


def _width() -> int:
    return max(60, min(140, shutil.get_terminal_size().columns))
