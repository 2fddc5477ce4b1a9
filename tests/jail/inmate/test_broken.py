"""What is missing is said in one sentence, with what to do, and nothing is left behind."""

from __future__ import annotations

import errno
import os

import pytest

from ccproxy.jail.errors import FAILED
from ccproxy.jail.faults import Facts, explain
from tests.jail.inmate import scenes_broken as scenes
from tests.jail.inmate import scenes_command
from tests.jail.inmate.stage import play
from tests.support.outer.person import Person, people

who = pytest.mark.parametrize("person", people(), ids=lambda person: person.name)
ordinary = people()[0]

HIDDEN_PROC = "mount -t tmpfs none /proc/fs\n"
"""Something mounted in it makes the kernel refuse a fresh one in a user namespace, as in a container."""
NO_TUN = "mount -t tmpfs dev /dev/net\n"
CLOSED_TUN = f"{NO_TUN}mknod -m 600 /dev/net/tun c 10 200\n"
WRONG_TUN = f"{NO_TUN}touch /dev/net/tun; chmod 666 /dev/net/tun\n"
NO_IPV6 = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6\n"


@who
def test_namespaces_switched_off(person: Person) -> None:
    told = play(person, scenes.without_namespaces)
    assert told["message"] == "user namespaces are switched off (user.max_user_namespaces is 0)"
    assert "user.max_user_namespaces" in told["fix"]
    assert (told["status"], told["left"]) == (FAILED, [True, True])


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (NO_TUN, "/dev/net/tun is missing"),
        (CLOSED_TUN, "/dev/net/tun may not be opened by this user"),
        (WRONG_TUN, "/dev/net/tun is not the device it should be"),
    ],
    ids=["missing", "closed", "wrong"],
)
def test_the_device(prepare: str, message: str) -> None:
    told = play(ordinary, scenes.set_up, prepare=prepare)
    assert (told["message"], told["status"], told["left"]) == (message, FAILED, [True, True])
    assert told["fix"]


@who
def test_no_fresh_proc(person: Person) -> None:
    told = play(person, scenes.without_own_pids, prepare=HIDDEN_PROC)
    assert told == {
        "end": {"kind": "Exited", "waitstatus": 0},
        "own pids": False,
        "left": [],
        "output": "daemon\n",
    }


@who
def test_no_fresh_proc_and_a_killed_holder(person: Person) -> None:
    told = play(person, scenes_command.holder_killed, prepare=HIDDEN_PROC)
    assert told == {"said": "ready\n", "before": 2, "mounts": []}


@who
def test_no_pid_namespaces(person: Person) -> None:
    told = play(person, scenes.set_up, "sh", "-c", "echo $$", prepare=HIDDEN_PROC)
    assert (told["kind"], told["waitstatus"], told["left"]) == ("Exited", 0, [True, True])
    assert int(told["output"]) > 2


@who
def test_no_ipv6(person: Person) -> None:
    command = "grep -c tun0 /proc/net/if_inet6; cat /proc/net/route | grep -c tun0"
    told = play(person, scenes.set_up, "sh", "-c", command, prepare=NO_IPV6)
    assert told["output"].split()[-1] == "1"
    assert told["kind"] == "Exited"


@who
def test_a_file_without_a_place(person: Person) -> None:
    told = play(person, scenes.file_without_a_place)
    assert told["kind"] == "Failed"
    assert told["message"] == "/nowhere/at/all cannot be shown inside: there is no /nowhere/at"
    assert (told["status"], told["fix"]) == (FAILED, "mkdir /nowhere/at")


@who
def test_no_memory(person: Person) -> None:
    told = play(person, scenes.files_that_do_not_fit)
    assert (told["kind"], told["status"]) == ("JailError", FAILED)
    assert told["message"].startswith("there is no memory left for the jail")


@pytest.mark.parametrize(
    ("step", "code", "facts", "words"),
    [
        ("map", errno.EPERM, Facts(apparmor=1), "AppArmor"),
        ("device", errno.EPERM, Facts(apparmor=1), "AppArmor"),
        ("mount", errno.EACCES, Facts(apparmor=2, filtered=True), "AppArmor"),
        ("unshare", errno.EPERM, Facts(clone=0), "kernel.unprivileged_userns_clone is 0"),
        ("unshare", errno.EPERM, Facts(clone=1, filtered=True), "seccomp"),
        ("unshare", errno.EPERM, Facts(apparmor=0), "refused to this process"),
        ("unshare", errno.ENOSPC, Facts(limit=0), "user.max_user_namespaces is 0"),
        ("unshare", errno.ENOSPC, Facts(limit=1000), "no further namespaces"),
        ("unshare", errno.EINVAL, Facts(), "this kernel has no user namespaces"),
        ("files", errno.ENOSPC, Facts(), "no memory left"),
        ("files", errno.EPERM, Facts(), "/some/file"),
        ("net", errno.EIO, Facts(), "/some/file: Input/output error"),
    ],
)
def test_causes(step: str, code: int, facts: Facts, words: str) -> None:
    told = explain(step, OSError(code, os.strerror(code), "/some/file"), facts)
    assert words in str(told)
    assert told.fix
    assert told.status == FAILED


def test_facts_of_this_system() -> None:
    facts = Facts.read()
    assert facts.limit is not None
    assert facts.limit > 0
