"""Ten jails at once, each with a name and a tunnel of its own."""

from __future__ import annotations

import hashlib

from tests.support.internet.pages import pattern
from tests.support.jailed import House

COUNT = 10
SIZE = 3_000_000


def test_ten_at_once(house: House) -> None:
    lines = [f"curl -sS https://host{number}.example.test/bytes/{SIZE + number} | sha256sum" for number in range(COUNT)]
    jails = [house.start_jail("bash", "-o", "pipefail", "-c", line, options=("--name", "many")) for line in lines]
    wanted = [hashlib.sha256(pattern(SIZE + number)).hexdigest() for number in range(COUNT)]
    ended = [jail.communicate(timeout=60) for jail in jails]
    assert [jail.returncode for jail in jails] == [0] * COUNT, [errors for _, errors in ended]
    assert [output.split()[0].decode() for output, _ in ended] == wanted
    found = {}
    for number, jail in enumerate(jails):
        flow = house.flow(url=f"https://host{number}.example.test/bytes/{SIZE + number}")
        assert flow["process"]["pid"] == jail.pid
        found[flow["jail"]] = flow
    assert len(found) == COUNT


def test_nothing_is_left(house: House) -> None:
    assert house.jail("sh", "-c", "sleep 300 & sleep 301 & exit 4").returncode == 4
    house.outer.until(lambda: house.daemon.control("GET", "/jails") == {"jails": []})
    left = house.outer.run(["pgrep", "-f", "-U", str(house.outer.person.uid), "^sleep 30[01]$"])
    assert left.stdout == b""
    mounts = house.outer.run(["cat", "/proc/mounts"]).stdout
    assert str(house.home.root).encode() not in mounts
