from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from ccproxy.cli.tail import BLOCK_BYTES, Tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def last(log: Path, lines: int | None, tmp_path: Path) -> bytes:
    with (tmp_path / "out").open("wb") as out:
        Tail(log, out).print_last(lines)
    return (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("lines", [None, 0, 1, 2, 3, 4, 99])
@pytest.mark.parametrize("content", [b"", b"a\n", b"a\nb\nc\n", b"a\nb\nc", b"\n\n\n", b"a"])
def test_the_last_lines(log: Path, tmp_path: Path, content: bytes, lines: int | None) -> None:
    log.write_bytes(content)
    every = content.splitlines(keepends=True)
    expected = every if lines is None else every[len(every) - min(lines, len(every)) :]
    assert last(log, lines, tmp_path) == b"".join(expected)


@pytest.mark.parametrize("lines", [1, 5, 700, 5000])
def test_the_last_lines_of_a_file_of_many_blocks(log: Path, tmp_path: Path, lines: int) -> None:
    every = [b"%05d %s\n" % (number, b"x" * (number % 90)) for number in range(5000)]
    log.write_bytes(b"".join(every))
    assert log.stat().st_size > 3 * BLOCK_BYTES
    assert last(log, lines, tmp_path) == b"".join(every[-lines:])


def test_a_line_longer_than_a_block(log: Path, tmp_path: Path) -> None:
    long = b"x" * (2 * BLOCK_BYTES) + b"\n"
    log.write_bytes(b"first\n" + long + b"last\n")
    assert last(log, 2, tmp_path) == long + b"last\n"


class Stop(Exception):
    """Ends a follower."""


class Heard:
    """A place to write to, that a test reads; closing it ends the follower."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        if self.data.endswith(b"END\n"):
            raise Stop


@contextmanager
def following(log: Path) -> Iterator[Heard]:
    heard = Heard()
    out: BinaryIO = heard  # type: ignore[assignment]  # what Tail uses of one
    tail = Tail(log, out)
    tail.print_last(0)

    def follow() -> None:
        with pytest.raises(Stop):
            tail.follow()

    thread = threading.Thread(target=follow)
    thread.start()
    yield heard
    with log.open("ab") as file:
        file.write(b"END\n")
    thread.join(5)
    assert not thread.is_alive()


def wait_for(heard: Heard, data: bytes) -> None:
    end = time.monotonic() + 5
    while heard.data != data and time.monotonic() < end:
        time.sleep(0.01)
    assert heard.data == data


def test_follow_what_is_appended(log: Path) -> None:
    log.write_bytes(b"old\n")
    with following(log) as heard, log.open("ab", buffering=0) as file:
        file.write(b"new\nha")
        wait_for(heard, b"new\nha")
        file.write(b"lf\n")
        wait_for(heard, b"new\nhalf\n")


def test_follow_through_rotation(log: Path) -> None:
    log.write_bytes(b"old\n")
    with following(log) as heard:
        with log.open("ab") as file:
            log.rename(log.with_suffix(".1"))
            file.write(b"late\n")
        wait_for(heard, b"late\n")
        log.write_bytes(b"fresh\n")
        wait_for(heard, b"late\nfresh\n")


def test_follow_through_replacement(log: Path) -> None:
    log.write_bytes(b"old\n")
    with following(log) as heard:
        other = log.with_suffix(".new")
        other.write_bytes(b"other\n")
        other.replace(log)
        wait_for(heard, b"other\n")


def test_follow_through_truncation(log: Path) -> None:
    log.write_bytes(b"a long old line\n")
    with following(log) as heard:
        os.truncate(log, 0)
        time.sleep(0.25)
        log.write_bytes(b"short\n")
        wait_for(heard, b"short\n")
