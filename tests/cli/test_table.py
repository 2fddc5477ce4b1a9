from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from ccproxy.cli.table import Cell, Column, Row, fitting, show

COLUMNS = (
    Column("id", 8),
    Column("who", 10, rank=2),
    Column("size", 6, right=True, rank=1),
    Column("note", 10),
)
ROWS = [
    Row([Cell("a1", "cyan"), Cell("[bold]me[/bold]"), Cell("7"), Cell("\x1b[2Jfine :smile:", "red")]),
    Row([Cell("b2"), Cell("模型"), Cell(""), Cell("x" * 300)]),
]


def test_plain_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    show(COLUMNS, ROWS, "why")
    assert capsys.readouterr().out.splitlines() == [
        "ID  WHO              SIZE  NOTE",
        "a1  [bold]me[/bold]     7  \\x1b[2Jfine :smile:",
        "b2  模型                  -  " + "x" * 300,
    ]


def test_notes_are_a_column_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    show(COLUMNS[:1], [Row([Cell("a")]), Row([Cell("b")], Cell("a long story", "red"))], "why")
    assert capsys.readouterr().out.splitlines() == ["ID  WHY", "a   -", "b   a long story"]


def test_notes_stand_below_on_a_terminal() -> None:
    code = (
        "from ccproxy.cli.table import *\n"
        "show((Column('id', 8), Column('who', 9)), [Row([Cell('a1'), Cell('me')], Cell('word ' * 10))], 'why')"
    )
    lines = on_a_terminal(30, code, NO_COLOR="1").replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert [line.rstrip() for line in lines] == [
        "id  who",
        "a1  me",
        "    word word word word word",
        "    word word word word word",
    ]


@pytest.mark.parametrize(
    ("width", "kept"), [(80, [0, 1, 2, 3]), (40, [0, 1, 2, 3]), (39, [0, 2, 3]), (27, [0, 3]), (5, [0, 3])]
)
def test_columns_give_way_by_rank(width: int, kept: list[int]) -> None:
    assert fitting(COLUMNS, width) == kept


def on_a_terminal(width: int, code: str, **env: str) -> str:
    """What a program prints on a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment | {"TERM": "xterm-256color"} | env
    ) as child:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody is at its other end
            while piece := os.read(ours, 65536):
                seen += piece
    os.close(ours)
    assert child.returncode == 0, seen
    return seen.decode()


CODE = """
from ccproxy.cli.table import *
show((Column("id", 8), Column("who", 10, rank=1), Column("note", 10)),
     [Row([Cell("a1", "cyan"), Cell("[bold]me[/bold]"), Cell("\\x1b[2J" + "x" * 300)])], "why")
"""


@pytest.mark.parametrize("width", [20, 40, 100])
def test_fitted_on_a_terminal(width: int) -> None:
    shown = on_a_terminal(width, CODE, NO_COLOR="1")
    assert "\x1b[2J" not in shown
    heading, row, *rest = shown.splitlines()
    assert rest == []
    assert len(heading.rstrip()) <= width
    assert len(row) <= width
    assert row.rstrip().endswith("…")
    assert ("[bold]me" in row) == (width > 30)
    assert row.startswith("a1  ")


def test_colours_on_a_terminal_unless_refused() -> None:
    assert "\x1b[36m" in on_a_terminal(80, CODE)
    assert "\x1b" not in on_a_terminal(80, CODE, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(80, CODE, TERM="dumb")
