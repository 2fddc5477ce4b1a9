"""Disks that are full: the command goes on, one line says what is not written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import quiet

LOAD = ("curl", "-sS", "-o", "/dev/null", "-w", "%{size_download}", "http://www.example.test/bytes/3000000")


@contextmanager
def tiny(house: Marked, place: Path, size: int, fill: bool = False) -> Iterator[Path]:
    """A small disk at a place, full if so asked."""
    place.mkdir(exist_ok=True)
    house.outer.person.own(place)
    child = house.outer.module("tests.jail.bad_luck.mounted", str(place), str(size), str(house.outer.person.uid))
    try:
        if fill:
            house.outer.run(["sh", "-c", 'cat /dev/zero > "$0/fill"', str(place)])
        yield place
    finally:
        child.communicate(timeout=10)


def test_the_capture(house: Marked) -> None:
    place = house.home.root / "home" / "tiny"
    with tiny(house, place, 256 << 10):
        done = house.jail(*LOAD, options=("--pcap", "tiny/jail.pcap"))
        whole = house.outer.run(["sh", "-c", "tcpdump -r tiny/jail.pcap >/dev/null 2>&1 || tshark -r tiny/jail.pcap"],
                                house.environment(), cwd=house.home.root / "home")  # fmt: skip
    place.rmdir()
    assert (done.returncode, done.stdout) == (0, b"3000000")
    assert (
        done.stderr
        == b"ccproxy: the capture tiny/jail.pcap ends here: No space left on device; the jail goes on without\n"
    )
    assert whole.returncode == 0, whole


def test_no_room_for_a_capture(house: Marked) -> None:
    place = house.home.root / "home" / "tiny"
    with tiny(house, place, 64 << 10, fill=True):
        done = house.jail("echo", "ran", options=("--pcap", "tiny/jail.pcap"))
    place.rmdir()
    assert (done.returncode, done.stdout) == (125, b"")
    assert done.stderr == b"ccproxy: the capture tiny/jail.pcap cannot be written: No space left on device\n"


def test_the_key_log(house: Marked) -> None:
    place = house.home.root / "state" / "ccproxy" / "keylog"
    with tiny(house, place, 64 << 10, fill=True):
        done = house.jail(*LOAD, options=("--keylog",))
    place.rmdir()
    assert (done.returncode, done.stdout) == (0, b"3000000")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("ccproxy: the key log ")
    assert "no space left on device" in line.lower()


@pytest.mark.parametrize("place", ["tmp", "home"])
def test_full_disks_that_a_jail_does_not_need(house: Marked, place: str) -> None:
    with tiny(house, house.home.root / place, 64 << 10, fill=True):
        assert quiet(house.jail(*LOAD, cwd="/")) == b"3000000"
