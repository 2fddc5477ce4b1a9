"""The options that select flows, the same for every command that has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, cast

import click

from ccproxy.flows.selection import PROTOCOLS, STATUS, Selection

AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MOST = 1_000_000_000
"""Flows that can be asked for; SQLite counts to 2^63."""
DAYS = {"today": 0, "yesterday": 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flows a command is about."""

    selection: Selection = field(default_factory=Selection)
    filters: tuple[str, ...] = ()
    """jq filters, applied in this order after those of the configuration."""
    archive: Path | None = None
    """The archive to read in place of the user's own; then the daemon is not asked."""

    @property
    def everything(self) -> bool:
        """True if no option selects anything."""
        return self.selection.matches_all and not self.filters


def refuse_both(ids: Sequence[str], wanted: Wanted) -> None:
    """Raises UsageError where flows are named and selected at once."""
    if ids and not Wanted(wanted.selection, wanted.filters).everything:
        raise click.UsageError("give ids, or options that select flows; not both")


def moment(text: str, now: datetime) -> float:
    """`2h`, `today`, `2026-11-20`, `2026-11-20T10:00` as seconds since the epoch; local time, as `now` (aware) has it.

    Raises ValueError.
    """
    text = text.strip().lower()
    if text in DAYS:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return (midnight - timedelta(days=DAYS[text])).timestamp()
    if ago := AGO.fullmatch(text):
        return now.timestamp() - float(ago[1]) * SECONDS[ago[2]]
    return datetime.fromisoformat(text.upper()).timestamp()


def as_moment(_: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """The time that an option gives. Raises BadParameter."""
    try:
        return None if value is None else moment(value, datetime.now().astimezone())
    except (ValueError, OverflowError) as error:
        known = "30m, 2h, 7d, today, yesterday, 2026-11-20 or 2026-11-20T10:00"
        raise click.BadParameter(f"{value!r} is no time: give one such as {known}", param=param) from error


def as_statuses(_: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Each status on its own; an option may have several with commas between. Raises BadParameter."""
    found = tuple(word.strip() for value in values for word in value.split(","))
    for word in found:
        if STATUS.fullmatch(word) is None:
            known = "200, 4xx, ok, error or none"
            raise click.BadParameter(f"{word!r} is no status: give one such as {known}", param=param)
    return found


ARCHIVE = click.option(
    "--archive",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read this archive, not your own.",
)
OPTIONS = (
    click.option("--host", metavar="TEXT", help="Only to hosts with this in the name."),
    click.option("--model", metavar="TEXT", help="Only models with this in the name, asked for or sent."),
    click.option("--provider", metavar="NAME", help="Only what this provider got."),
    click.option(
        "--status", metavar="STATUS", multiple=True, callback=as_statuses, help="Only 200, 4xx, ok, error or none."
    ),
    click.option("--since", metavar="TIME", callback=as_moment, help="Only since 30m, 7d, today, 2026-11-20."),
    click.option("--session", metavar="ID", help="Only sessions whose id begins so."),
    click.option("--conversation", metavar="ID", help="Only conversations whose id begins so."),
    click.option("--jail", metavar="NAME", help="Only what came from this jail."),
    click.option("--protocol", metavar="NAME", type=click.Choice(PROTOCOLS), help="Only http, dns, tcp or udp."),
    click.option("limit", "-n", "--limit", metavar="N", type=click.IntRange(1, MOST), help="The newest N of those."),
    click.option(
        "filters", "--jq", metavar="FILTER", multiple=True, help="A jq filter, array to array. May be repeated."
    ),
    ARCHIVE,
)
NAMES = ("host", "model", "provider", "status", "since", "session", "conversation", "jail", "protocol", "limit")
"""Members of a selection that are options under the same name."""


def set_options[F: Callable[..., Any]](command: F) -> F:
    """Gives a command the options that select flows. It gets them as one keyword argument, `wanted`: `Wanted`."""

    @wraps(command)
    def with_wanted(*arguments: Any, **options: Any) -> Any:
        plain = {name: options.pop(name) for name in NAMES}
        selection = Selection(**plain)
        wanted = Wanted(selection, options.pop("filters"), options.pop("archive"))
        return command(*arguments, wanted=wanted, **options)

    for option in reversed(OPTIONS):
        with_wanted = option(with_wanted)
    return cast("F", with_wanted)
