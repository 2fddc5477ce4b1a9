"""The doctor beside the real daemon, for root and for an ordinary user, in a network without a way out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jail.doctor.conftest import by_id
from tests.jail.doctor.schema import validate
from tests.support.jailed import House
from tests.support.outer import Outer, people

CONFIG = {"jail": {"only_hosts": ["www.example.test"]}}


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with Outer(request.param) as outer, House(outer, CONFIG) as made:
        yield made


def examined(house: House) -> dict[str, Any]:
    done = house.cli("namespace", "doctor", "--json", timeout=50.0)
    assert (done.returncode, done.stderr) == (0, b""), done
    value: dict[str, Any] = json.loads(done.stdout)
    validate(value)
    return value


def test_all_is_well_and_nothing_is_sent_anywhere(house: House) -> None:
    value = examined(house)
    assert (value["ok"], value["failures"], value["system"]["uid"]) == (True, [], house.outer.person.uid)
    inside = {name: check["status"] for name, check in by_id(value).items() if name.startswith(("jail_", "daemon"))}
    assert set(inside.values()) == {"ok"}
    assert house.outer.arrived() == []
    assert "does not exist" in by_id(value)["jail_dns"]["detail"]


def test_nothing_is_left_behind(house: House) -> None:
    examined(house)
    house.outer.until(lambda: json.loads(house.cli("namespace", "status", "--json").stdout)["jails"] == [])
    left = [path for path in (house.home.root / "run" / "ccproxy").iterdir() if not path.name.startswith("control-")]
    assert left == []
    ours = [line for line in command_lines() if str(house.home.root) in line]
    assert not any("ccproxy.jail.rehearsal" in line for line in ours)


def command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return found


def test_a_jail_that_runs_is_listed(house: House) -> None:
    jail = house.start_jail("cat", options=("--name", "shown"))
    try:
        (listed,) = house.outer.until(lambda: json.loads(house.cli("namespace", "status", "--json").stdout)["jails"])
        assert (listed["name"], listed["command"]) == ("shown", ["cat"])
        row = house.cli("namespace", "status").stdout.decode().splitlines()[-1].split()
        assert (row[0], row[-1]) == ("shown", "cat")
    finally:
        jail.communicate(b"", timeout=20)
    assert jail.returncode == 0
