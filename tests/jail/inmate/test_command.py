"""The command runs as it would without a jail, and nothing outlives it."""

from __future__ import annotations

import signal

import pytest

from tests.jail.inmate import scenes_command as scenes
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

pytestmark = pytest.mark.parametrize("person", people(), ids=lambda person: person.name)


@pytest.mark.parametrize("status", [0, 3, 125, 126, 127, 255])
def test_exit_statuses(person: Person, status: int) -> None:
    told = play(person, scenes.ending, "sh", "-c", f"echo out; exit {status}")
    assert told == {"kind": "Exited", "waitstatus": status << 8, "output": "out\n"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE, signal.SIGHUP])
def test_death_by_a_signal(person: Person, number: int) -> None:
    told = play(person, scenes.ending, "sh", "-c", f"ulimit -c 0; kill -{number} $$")
    assert (told["kind"], told["waitstatus"] & 0x7F) == ("Exited", number)


def test_what_cannot_be_executed(person: Person) -> None:
    told = play(person, scenes.wrong_files)
    statuses = {name: item.get("status") for name, item in told.items()}
    assert statuses == {
        "closed": 126,
        "lost": 126,
        "foreign": 126,
        "plain": None,
        "folder": 126,
        "none": 127,
        "none/none": 127,
        "name": 127,
        "empty": 127,
        "in PATH": 126,
        "a file here": 127,
    }
    assert told["plain"]["waitstatus"] == 9 << 8
    assert told["plain"]["output"] == "plain word ./plain\n"
    assert told["name"]["message"] == "ccproxy-no-such-command: command not found"
    assert told["closed"]["fix"] == "chmod +x ./closed"
    assert told["lost"]["message"] == "./lost: its interpreter is not there"
    assert all(item["fix"] and "\n" not in item["message"] for item in told.values() if item["kind"] == "Failed")


def test_arguments_that_are_too_long(person: Person) -> None:
    told = play(person, scenes.too_long)
    assert (told["kind"], told["status"]) == ("Failed", 126)
    assert "too long" in told["message"]


def test_stopped_and_continued(person: Person) -> None:
    assert play(person, scenes.stopped_and_continued)[:1] == ["Stopped"]


def test_a_signal_for_the_whole_group_comes_once(person: Person) -> None:
    assert play(person, scenes.to_the_group_once) == "ready\ngot\ngot\n"


def test_group_and_signals_are_the_holders(person: Person) -> None:
    hup, usr2 = 1 << signal.SIGHUP - 1, 1 << signal.SIGUSR2 - 1
    assert play(person, scenes.same_group) == [True, True, hup, usr2, 0, signal.SIGKILL]


def test_daemons_end_with_the_command(person: Person) -> None:
    assert play(person, scenes.daemons_end) == {"end": 0, "left": [], "output": "daemon\n"}


def test_a_killed_holder_leaves_nothing(person: Person) -> None:
    assert play(person, scenes.holder_killed) == {"said": "ready\n", "before": 2, "mounts": []}


def test_given_up(person: Person) -> None:
    before, after, mounts = play(person, scenes.closed_before_it_ran)
    assert (after, mounts) == (before, [])


def test_a_killed_init_ends_all(person: Person) -> None:
    assert play(person, scenes.init_killed) == {"kind": "Gone", "status": signal.SIGKILL}


def test_nobody_holds_what_the_command_closed(person: Person) -> None:
    assert play(person, scenes.pipe_closed_by_the_command) is True


@pytest.mark.parametrize("hidden", [False, True])
def test_the_working_directory(person: Person, hidden: bool) -> None:
    told = play(person, scenes.working_directory, hidden)
    if hidden:
        assert (told["kind"], told["status"]) == ("Failed", 125)
        assert told["folder"] in told["message"]
    else:
        assert told["output"] == f"{told['folder']}\n"
