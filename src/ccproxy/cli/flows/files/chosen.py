"""The flows that a command writes out: those that its options select, or those whose ids it was given."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.chosen.flow_set import FlowSet, Wanted, nearest, one_id, open_set
from ccproxy.cli.flows.chosen.options import refuse_both
from ccproxy.cli.flows.chosen.sources import sources
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.cli.words import several

if TYPE_CHECKING:
    from ccproxy.exchange import WireFormat
    from ccproxy.flows.files import Kind
    from ccproxy.flows.har.writing import Output


def out_options[F: Callable[..., Any]](command: F) -> F:
    """Gives a command its ids and `--secrets`."""
    with_secrets = click.option("--secrets", is_flag=True, help="Write credentials too, as far as they were kept.")
    return with_secrets(click.argument("ids", metavar="[ID]...", nargs=-1)(command))


def chosen(session: Session, wanted: Wanted, ids: Sequence[str], *, secrets: bool) -> FlowSet:
    """The flows that are meant. Raises CommandError: there are none, or the ids are not those of flows."""
    refuse_both(ids, wanted)
    if not ids:
        found = open_set(session, wanted, secrets=secrets)
    else:
        reader = sources(session, wanted.archive, secrets=secrets)
        whole = dict.fromkeys(one_id(reader, id) for id in ids)
        found = FlowSet(reader, [{"id": id} for id in whole], secrets)
    if not found.summaries:
        raise CommandError(
            "there are no such flows", *nearest(found, wanted), "`ccproxy flows list` shows those there are"
        )
    return found


def write_har(found: FlowSet, output: Output) -> int:
    """Writes a HAR; returns how many flows it holds, and says how many it does not. Raises CommandError if none."""
    from ccproxy.flows.har import writing as har

    exchanges = iter(found.exchanges())
    first = list(islice(exchanges, 1))  # if it is the only one and cannot be read, nothing is written
    if not first:
        raise CommandError("there is nothing to write: none of the flows can be read")
    flows, left_out = har.write(chain(first, exchanges), output)
    if left_out:
        click.echo(
            f"left out: {several(left_out, 'flow')} of DNS, TCP or UDP; an .mflow can hold them, a HAR cannot", err=True
        )
    if not flows:
        raise CommandError("there is nothing to write: none of the flows is one that a HAR can hold")
    return flows


FORCE = click.option("--force", is_flag=True, help="Replace FILE if it is there.")


def refuse_to_replace(file: Path, *, force: bool) -> None:
    """Raises CommandError for a file that is there, unless it is to be replaced."""
    if file.is_file() and not force:
        raise CommandError(f"{file} is there already and stays as it is", "--force replaces it")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """What goes wrong with a file to write, in words: CommandError."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error


def write_flows(found: FlowSet, path: Path, kind: Kind) -> int:
    """Writes a file of flows, 0600, whole or not at all; returns how many it holds. Raises CommandError."""
    with written(path):
        if kind == "mflow":
            from ccproxy.flows.mflow import writing as mflow

            gc.enable()  # mitmproxy's flows hold on to each other
            return mflow.write(found.exchanges(), path)
        from ccproxy.flows.files import private_file

        with private_file(path) as file:
            return write_har(found, file)


def format_of(path: str) -> WireFormat | None:
    """The wire format of a path, for flows of others that do not tell it."""
    from ccproxy.gateway.native_format import native_format

    return native_format(path)
