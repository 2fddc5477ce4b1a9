"""A strict jail hides the sockets in the file system, and opens none of unusual families."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail import seccomp, strict
from tests.jail.inmate import scenes_strict as scenes
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

PREPARE = "for each in /run /tmp/.X11-unix; do mkdir -p $each; mount -t tmpfs -o mode=777 none $each; done\n"
PREPARE += "mkdir -m 777 /run/dbus\n"


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def person(request: pytest.FixtureRequest) -> Person:
    made: Person = request.param
    return made


@pytest.fixture(scope="module")
def inside(person: Person) -> Any:
    return play(person, scenes.knock, True, prepare=PREPARE)


@pytest.mark.parametrize("door", scenes.DOORS)
def test_no_socket_answers(inside: dict[str, Any], door: str) -> None:
    assert inside["doors"][door] in {"ECONNREFUSED", "ENOENT"}


def test_families(inside: dict[str, Any]) -> None:
    families = inside["families"]
    assert {name for name, outcome in families.items() if outcome == "done"} == {
        "AF_UNIX",
        "AF_INET",
        "AF_INET6",
        "AF_NETLINK",
    }
    assert {outcome for outcome in families.values() if outcome != "done"} == {"EAFNOSUPPORT"}
    assert inside["pair"] == "done"


def test_other_ways_to_sockets(inside: dict[str, Any]) -> None:
    assert inside["calls"]["io_uring_setup"] == "ENOSYS"
    assert inside["calls"]["x32"] == "ENOSYS"
    assert inside["status"] == ["1", "2"]


def test_variables(inside: dict[str, Any]) -> None:
    assert inside["variables"] == ["XDG_RUNTIME_DIR"]


def test_without_it_they_answer(person: Person) -> None:
    told = play(person, scenes.knock, False, prepare=PREPARE)
    assert set(told["doors"].values()) == {"done"}
    assert told["variables"] == sorted(scenes.VARIABLES)
    assert told["status"] == ["0", "0"]


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_is_well_formed(machine: str) -> None:
    program = seccomp.program(seccomp.MACHINES[machine])
    assert len(program) % 8 == 0
    steps = [program[at : at + 8] for at in range(0, len(program), 8)]
    for index, step in enumerate(steps):
        if step[0] & 7 == 5:
            assert index + 1 + max(step[2], step[3]) < len(steps)


HEAD = b"Num       RefCount Protocol Flags    Type St Inode Path\n"


def test_the_table_of_sockets() -> None:
    row = b"0000000000000000: 00000002 00000000 00010000 0001 01 %5d %s\n"
    table = HEAD + row % (7, b"/run/a") + row % (12345, b"@abstract") + row % (8, b"/run/with two") + row % (9, b"")
    assert strict.parse(table) == ["/run/a", "/run/with two"]


@given(st.binary())
def test_any_table(table: bytes) -> None:
    assert all(path.startswith("/") for path in strict.parse(HEAD + table))


@given(st.text())
def test_any_address(text: str) -> None:
    for path in strict.addressed(text):
        assert isinstance(os.fspath(path), str)


@pytest.mark.parametrize(
    ("address", "paths"),
    [
        ("unix:path=/run/user/1/bus,guid=2", ["/run/user/1/bus"]),
        ("unix:abstract=/tmp/x;unix:path=/a", ["abstract=/tmp/x", "/a"]),
        ("unix:///run/docker.sock", ["/run/docker.sock"]),
        ("tcp://127.0.0.1:1", []),
        ("", []),
    ],
)
def test_addresses(address: str, paths: list[str]) -> None:
    assert strict.addressed(address) == paths
