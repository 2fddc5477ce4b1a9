"""The options that select flows, as they are read from a command line."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import mktime
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ccproxy.cli.flows.chosen.options import Wanted, moment, set_options
from ccproxy.flows.selection import Selection

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone(timedelta(hours=2)))


def read(*arguments: str) -> tuple[Result, Wanted | None]:
    """What a command with these options gets."""
    got: list[Any] = []

    @click.command()
    @set_options
    @click.option("--more", is_flag=True)
    def command(wanted: Wanted, more: bool) -> None:
        got.extend([wanted, more])

    return CliRunner().invoke(command, arguments), got[0] if got else None


def test_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    file.touch()
    _, wanted = read(
        *("--host", "h", "--model", "m", "--provider", "p", "--status", "4xx, 200", "--status", "error"),
        *("--since", "2026-11-20T10:00+00:00", "--session", "s", "--conversation", "c", "--jail", "j"),
        *("--protocol", "dns", "-n", "5", "--jq", "f", "--jq", "g", "--archive", str(file), "--more"),
    )
    selection = Selection(
        "h", "m", "p", ("4xx", "200", "error"), 1_795_168_800.0, "s", "c", jail="j", protocol="dns", limit=5
    )
    assert wanted == Wanted(selection, ("f", "g"), file)
    assert not wanted.everything


def test_none_of_them() -> None:
    _, wanted = read()
    assert wanted == Wanted(Selection(), (), None)
    assert wanted.everything


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "noon"], "'noon' is no time: give one such as 30m, 2h"),
        (["--since", "2026-13-01"], "is no time"),
        (["--status", "4xx,good"], "'good' is no status: give one such as 200, 4xx"),
        (["-n", "0"], "0 is not in the range"),
        (["-n", "9" * 20], "is not in the range"),
        (["--protocol", "smtp"], "'http', 'dns', 'tcp', 'udp'"),
        (["--archive", "no-such.db"], "'no-such.db' does not exist"),
        (["--archive", "."], "is a directory"),
    ],
)
def test_what_is_refused(arguments: list[str], said: str) -> None:
    result, wanted = read(*arguments)
    assert (result.exit_code, wanted) == (2, None)
    assert said in result.output


@pytest.mark.parametrize(
    ("text", "ago"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5H", 5400), ("7 d", 604800), ("1w", 604800), ("0s", 0)],
)
def test_times_counted_from_now(text: str, ago: float) -> None:
    assert moment(text, NOW) == NOW.timestamp() - ago


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("today", (2026, 11, 22)),
        (" Yesterday", (2026, 11, 21)),
        ("2026-11-20", (2026, 11, 20)),
        ("2026-11-20T10:00", (2026, 11, 20, 10)),
        ("2026-11-20 10:00:30", (2026, 11, 20, 10, 0, 30)),
    ],
)
def test_times_of_the_calendar_are_local(text: str, then: tuple[int, ...]) -> None:
    assert moment(text, NOW) == mktime((*then, *[0] * (8 - len(then)), -1))  # type: ignore[arg-type]


def test_a_time_with_its_zone() -> None:
    assert moment("2026-11-20T10:00Z", NOW) == moment("2026-11-20T12:00+02:00", NOW) == 1_795_168_800.0
