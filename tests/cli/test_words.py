from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ccproxy.cli.words import clock, duration, several, size, span, visible


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, ""),
        (0.42, "0.4 ms"),
        (312.4, "312 ms"),
        (4210, "4.2 s"),
        (123_000, "2m 03s"),
        (59_999, "60.0 s"),
    ],
)
def test_duration(milliseconds: float | None, words: str) -> None:
    assert duration(milliseconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.9, "12 s"), (300, "5 min"), (3 * 3600 + 7 * 60, "3 h 07 min"), (2 * 86400 + 4 * 3600, "2 d 4 h")],
)
def test_span(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4242, "4.2 kB"), (42_424, "42 kB"), (31_400_000, "31 MB")],
)
def test_size(count: int, words: str) -> None:
    assert size(count) == words


def test_clock_names_the_day_only_if_it_is_another() -> None:
    now = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    assert clock("2026-05-04T09:08:07.123456+00:00", now) == "09:08:07"
    assert clock("2026-05-04T09:08:07+02:00", now) == "07:08:07"
    assert clock((now - timedelta(days=1)).isoformat(), now) == "May 03 12:00"
    assert clock("2020-01-02T03:04:05+00:00", now) == "2020-01-02"


def test_several() -> None:
    assert (several(1, "flow"), several(2, "flow")) == ("1 flow", "2 flows")


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\x07b", "\x9b31m", "line\nline", "\u202egpj.exe", "\x00"])
def test_nothing_that_moves_the_cursor_gets_through(hostile: str) -> None:
    shown = visible(hostile)
    assert shown.isprintable()
    assert "\\" in shown


def test_ordinary_text_stays() -> None:
    assert visible("café 模型 [bold]x[/bold] 👋") == "café 模型 [bold]x[/bold] 👋"
