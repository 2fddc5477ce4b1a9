"""Signals to the process that holds a jail are the command's, once each."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.jail.supervisor.inside import COUNTER, PYTHON
from tests.jail.supervisor.jails import Jails
from tests.support.outer import Running


def counter(jails: Jails, *names: str, **options: object) -> Running:
    """A command that tells which signals it gets, and ends when its input does."""
    streams = {"stdin": subprocess.PIPE} | options
    child = jails.popen(PYTHON, "-IS", "-c", COUNTER, *names, **streams)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def state(pid: int) -> str:
    """As the kernel tells it: S waits, T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def heard(child: Running) -> list[str]:
    """What it told until it has read a line, and its end."""
    output, errors = child.communicate(b"line\n", 20)
    assert (child.returncode, errors) == (0, b"")
    lines = output.decode().splitlines()
    assert lines.pop() == "read line"
    return lines


@pytest.mark.parametrize(
    "name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"]
)
def test_a_signal_to_the_holder(jails: Jails, name: str) -> None:
    child = counter(jails, name)
    os.kill(child.pid, getattr(signal, name))
    assert child.stdout is not None
    assert child.stdout.readline().decode() == name + "\n"
    assert heard(child) == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_a_signal_to_the_group_comes_once(jails: Jails, name: str) -> None:
    child = counter(jails, name, "SIGUSR2", process_group=0)
    os.killpg(child.pid, getattr(signal, name))
    assert child.stdout is not None
    assert child.stdout.readline().decode() == name + "\n"
    os.kill(child.pid, signal.SIGUSR2)  # behind it on the same way
    assert child.stdout.readline() == b"SIGUSR2\n"
    assert heard(child) == []


def test_what_came_before_the_command_stopped_is_not_kept_until_it_goes_on(jails: Jails) -> None:
    """The holder is held up until both have come: a signal for it, and the news that the command stopped."""
    child = counter(jails, "SIGUSR1")
    init, command = jails.inside(child.pid)
    os.kill(child.pid, signal.SIGSTOP)
    jails.outer.until(lambda: state(child.pid) == "T")
    os.kill(child.pid, signal.SIGUSR1)
    os.kill(command, signal.SIGSTOP)
    jails.outer.until(lambda: state(command) == "T")
    jails.outer.until(lambda: state(init) == "S")
    os.kill(child.pid, signal.SIGCONT)
    assert child.stdout is not None
    assert child.stdout.readline() == b"SIGUSR1\n"
    os.kill(child.pid, signal.SIGCONT)  # it may have stopped as the command was
    assert heard(child) == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1", "SIGALRM"])
def test_a_command_that_does_not_care_for_a_signal_dies_of_it(jails: Jails, name: str) -> None:
    child = jails.popen("sh", "-c", "echo ready; exec sleep 600")
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    os.kill(child.pid, getattr(signal, name))
    assert child.wait(20) == -getattr(signal, name)


def test_a_command_that_ends_in_its_own_way(jails: Jails) -> None:
    child = jails.popen("sh", "-c", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.terminate()
    assert child.communicate(timeout=20) == (b"bye\n", b"")
    assert child.returncode == 7


def test_what_is_ignored_stays_ignored(jails: Jails) -> None:
    """As under nohup."""
    line = jails.line(["sh", "-c", "echo ready; read line; echo $line"])
    quiet = ["sh", "-c", 'trap "" HUP INT; exec "$@"', "sh", *line]
    pipe = subprocess.PIPE
    child = jails.outer.popen(quiet, jails.env, stdin=pipe, stdout=pipe, stderr=pipe)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    os.kill(child.pid, signal.SIGHUP)
    os.kill(child.pid, signal.SIGINT)
    assert child.communicate(b"line\n", 20) == (b"line\n", b"")
    assert child.returncode == 0
