"""`ccproxy flows list --watch`: the flows as they finish."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import orjson

from ccproxy.cli.control import NotRunningError
from ccproxy.cli.flows.chosen.flow_set import Summary, Wanted, all_filters
from ccproxy.cli.flows.chosen.sources import Sources, in_words, nowhere, open_archive, sources, united
from ccproxy.cli.flows.table import JAIL, columns, row
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.cli.table import GAP, Column, Fitted, Row, heading, is_terminal
from ccproxy.cli.words import visible
from ccproxy.config.paths import archive_path
from ccproxy.flows.selection import newest

if TYPE_CHECKING:
    from ccproxy.flows.archive.reader import ArchiveReader

POLL_SECONDS = 0.4
FIRST = 10
"""Flows that are shown to begin with, unless another number is asked for."""
MOST_LIVE = 100
"""Flows of the daemon that are looked at each time: those that began last."""
MOST_REMEMBERED = 20_000
"""Flows that are known to have been shown."""
ROOM = {"client": 16, "request": 28, "model → provider": 44, "in/out/cached": 14}
"""Characters of a column, where the terminal has room for them."""
ERROR = Column("error", 0)
FIRST_TO_GO = 9
"""Rank of the jails' column: nobody knows yet whether one will come from a jail."""

type Printer = Callable[[Sequence[Any]], None]


def watch_flows(session: Session, wanted: Wanted, *, as_json: bool) -> None:
    """Print flows until Ctrl-C. Raises CommandError: neither archive nor daemon, or a filter that is wrong."""
    printer = print_objects if as_json else Table().print if is_terminal() else Lines(wanted).print
    watch = Watch(sources(session, wanted.archive), wanted)
    filters, limit = all_filters(session, wanted), wanted.selection.limit or FIRST
    chosen = chooser(filters, whole=as_json)
    try:
        printer(newest(chosen(watch.first(None if filters else limit)), limit))
        while True:
            time.sleep(POLL_SECONDS)
            printer(chosen(watch.more()))
    except KeyboardInterrupt:
        return


def chooser(filters: Sequence[str], *, whole: bool) -> Callable[[Sequence[Summary]], list[Any]]:
    """What the filters leave of some flows, or with `whole` make of them."""
    from ccproxy.flows.query.query import QueryError, apply, choose

    def chosen(flows: Sequence[Summary]) -> list[Any]:
        try:
            return (apply if whole else choose)(filters, flows) if filters and flows else list(flows)
        except QueryError as error:
            raise CommandError(str(error), *error.details) from error

    return chosen


class Watch:
    """Finds flows that have finished since it was last asked."""

    def __init__(self, reader: Sources, wanted: Wanted) -> None:
        self.reader = reader
        self.selection = replace(wanted.selection, limit=None)
        self.seq = 0
        self.waiting = False
        self.shown: OrderedDict[str, None] = OrderedDict()

    def first(self, limit: int | None) -> list[Summary]:
        """The flows that there are already, the newest `limit`."""
        kept: list[Summary] = []
        if (archive := self.reader.archive) is not None:
            with in_words():
                self.seq, kept = archive.last(), archive.summaries(replace(self.selection, limit=limit))
        live = self.fresh([flow for flow in self.live() if flow["done"]])
        self.shown.update(dict.fromkeys(flow["id"] for flow in kept))
        return united(kept, live, limit)

    def more(self) -> list[Summary]:
        """The flows that finished since then, the oldest first. An archive or a daemon may come and go."""
        found: list[Summary] = []
        if self.reader.archive is None and self.reader.live is not None:
            self.reader.archive = new_archive()
        if (archive := self.reader.archive) is not None:
            with in_words():
                numbered = archive.after(self.seq)
            found = [flow for _, flow in numbered]
            self.seq = max([self.seq, *(number for number, _ in numbered)])
        found += [flow for flow in self.live() if flow["done"]]
        return self.fresh(sorted(found, key=ended))

    def live(self) -> list[Summary]:
        """What the daemon has; nothing while it is not there. Raises CommandError if there is no archive either."""
        live = self.reader.live
        if live is None:
            return []
        live.unarchived = self.reader.archive is not None
        try:
            found = live.told(MOST_LIVE)
        except CommandError as error:
            if self.reader.archive is None:
                raise nowhere() if isinstance(error, NotRunningError) else error from error
            self.wait(error)
            return []
        self.waiting = False
        return found

    def wait(self, error: CommandError) -> None:
        """Says once that there will be nothing new before a daemon answers."""
        if not self.waiting:
            what = "no daemon is running" if isinstance(error, NotRunningError) else error.message
            click.echo(f"{what}: waiting for one", err=True)
        self.waiting = True

    def fresh(self, flows: Sequence[Summary]) -> list[Summary]:
        """Those that are wanted and were not shown."""
        new = {flow["id"]: flow for flow in flows if flow["id"] not in self.shown}
        self.shown.update(dict.fromkeys(new))
        while len(self.shown) > MOST_REMEMBERED:
            self.shown.popitem(last=False)
        return [flow for flow in new.values() if self.selection.matches(flow)]


def ended(flow: Summary) -> float:
    """When a flow was over; seconds since the epoch."""
    return datetime.fromisoformat(flow["time"]).timestamp() + (flow["total_ms"] or 0) / 1000


def new_archive() -> ArchiveReader | None:
    """The user's archive, if there is one by now."""
    path = archive_path()
    return open_archive(path) if path.exists() else None


def print_objects(found: Sequence[Any]) -> None:
    """JSON, one value a line."""
    for each in found:
        try:
            click.echo(orjson.dumps(each))
        except orjson.JSONEncodeError:  # half a character in what a client sent
            click.echo(json.dumps(each))


class Table:
    """A table that has no end, fitted to the terminal."""

    def __init__(self) -> None:
        wide = [replace(each, rank=FIRST_TO_GO) if each is JAIL else each for each in columns(with_jail=True)]
        self.line = Fitted(wide, [ROOM.get(column.title, column.width) for column in wide]).print
        self.line(heading(wide))

    def print(self, flows: Sequence[Summary]) -> None:
        """A line for each."""
        now = datetime.now().astimezone()
        for flow in flows:
            self.line(row(flow, now, with_jail=True))


class Lines:
    """The same for a pipe: the columns that `list` has there, every cell in full, as aligned as can be.

    A column that something was too wide for stays as wide. Where the first flow of a jail comes there is a new heading.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.with_jail, self.columns = wanted.selection.jail is not None, list[Column]()
        self.widths: dict[str, int] = {}

    def print(self, flows: Sequence[Summary]) -> None:
        """A line for each."""
        now = datetime.now().astimezone()
        jailed, titles = self.with_jail or any(flow.get("jail") for flow in flows), []
        if not self.columns or jailed != self.with_jail:
            self.with_jail, self.columns = jailed, [*columns(jailed), ERROR]
            titles = [[column.title.upper() for column in self.columns]]
        self.lines([*titles, *(texts(row(flow, now, jailed)) for flow in flows)])

    def lines(self, lines: Sequence[Sequence[str]]) -> None:
        """Prints them, with room for the widest of them."""
        for line in lines:
            for column, text in zip(self.columns, line, strict=True):
                least = ROOM.get(column.title, column.width)
                self.widths[column.title] = max(self.widths.get(column.title, least), len(text))
        for line in lines:
            cells = zip(line, self.columns, strict=True)
            click.echo((" " * GAP).join(padded(*cell, self.widths) for cell in cells).rstrip())


def texts(line: Row) -> list[str]:
    """What stands in a line's columns, the last being the note."""
    return [visible(cell.text) or "-" for cell in (*line.cells, line.note)]


def padded(text: str, column: Column, widths: Mapping[str, int]) -> str:
    """The text on its side of the column."""
    width = widths[column.title]
    return text.rjust(width) if column.right else text.ljust(width)
