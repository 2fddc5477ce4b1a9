"""What a jail's inside is made of, and that nothing gets through its wall but by the device."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jail.inmate import scenes_wall
from tests.jail.inmate.scenes_command import LIBRARY_SIGNALS
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

REFUSED = {"EPERM", "EACCES"}
UNKNOWN = {"ESRCH"}
TRIES = {
    "host loopback": {"ECONNREFUSED"},
    "abstract socket": {"ECONNREFUSED"},
    "setns": REFUSED,
    "setns of init": REFUSED,
    "ptrace a host process": UNKNOWN | REFUSED,
    "ptrace the init": REFUSED,
    "kill a host process": UNKNOWN,
    "read the init's memory": REFUSED,
    "the init's root": REFUSED,
    "mount": REFUSED,
    "unmount": REFUSED,
    "link down": REFUSED,
    "address": REFUSED,
    "route": REFUSED,
    "own device": REFUSED,
    "the jail's device": {"EBUSY", "EPERM"},
}


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def person(request: pytest.FixtureRequest) -> Person:
    made: Person = request.param
    return made


@pytest.fixture(scope="module")
def seen(person: Person) -> Any:
    return play(person, scenes_wall.look_around)


@pytest.mark.parametrize("name", TRIES)
def test_what_is_refused(seen: dict[str, Any], name: str) -> None:
    assert seen["tries"][name] in TRIES[name]


def test_every_try_is_judged(seen: dict[str, Any]) -> None:
    assert set(seen["tries"]) == set(TRIES)


def test_everybody_stays_who_they_are(seen: dict[str, Any], person: Person) -> None:
    assert (seen["uid"], seen["gid"]) == (person.uid, person.gid)


def test_capabilities(seen: dict[str, Any], person: Person) -> None:
    status = seen["status"]
    assert [int(status[name], 16) for name in ("CapInh", "CapAmb")] == [0, 0]
    bounding = int(status["CapBnd"], 16)
    assert int(status["CapEff"], 16) == (0 if person.uid else bounding)
    for dropped in (12, 16, 17, 19, 21, 22, 25, 27, 38, 39, 40):
        assert not bounding & 1 << dropped
    for kept in (10, 13):
        assert bounding & 1 << kept


def test_signals_are_as_a_program_expects_them(seen: dict[str, Any]) -> None:
    # Python, which looks here, ignores SIGPIPE (13) and SIGXFSZ (25) by itself.
    assert int(seen["status"]["SigBlk"], 16) == 0
    assert int(seen["status"]["SigIgn"], 16) & ~(1 << 12 | 1 << 24 | LIBRARY_SIGNALS) == 0


def test_it_numbers_its_own_processes(seen: dict[str, Any]) -> None:
    assert len(seen["processes"]) == 2
    assert seen["pid"] not in seen["processes"]


def test_masked_directories(seen: dict[str, Any]) -> None:
    contents, modes = seen["directories"], seen["modes"]
    secret, shelf = contents
    assert contents == {secret: [], shelf: ["certs"]}
    assert modes[secret] == 0o700


def test_interfaces(seen: dict[str, Any]) -> None:
    assert seen["interfaces"] == ["lo", "tun0"]
    assert seen["no ipv6 on loopback"] == "done"


def test_resolver_files(seen: dict[str, Any]) -> None:
    assert seen["resolv"].splitlines()[0] == "nameserver 10.0.0.53"
    assert seen["resolv"].count("nameserver") == 1
    assert seen["switch"] == ["hosts: files dns"]


def test_descriptors(seen: dict[str, Any]) -> None:
    """The standard ones, and one that was inheritable."""
    assert seen["fds"] == [0, 1, 2, seen["namespace"]]


def test_ping_needs_no_rights(seen: dict[str, Any], person: Person) -> None:
    assert seen["ping"] == [str(person.gid)] * 2


def test_datagrams_come_out_of_the_device(person: Person) -> None:
    told = play(person, scenes_wall.send, ipv6=True)
    assert told["output"] == ""
    wanted = [{"to": address, "port": 4321, "data": b"out".hex()} for address in ("198.51.100.9", "2001:db8::9")]
    assert told["datagrams"] == wanted
    assert told["packets"] == 2  # nothing of the kernel's own


def test_without_ipv6_there_is_no_way(person: Person) -> None:
    told = play(person, scenes_wall.send, ipv6=False)
    assert told["output"] == "Network is unreachable\n"
    assert [each["to"] for each in told["datagrams"]] == ["198.51.100.9"]
