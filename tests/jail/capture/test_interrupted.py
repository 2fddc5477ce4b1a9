"""Ctrl-C while a client runs in the sealed place, and what a capture that was killed leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.jail.capture.conftest import Person, processes
from tests.support.outer.outer import Running, scripts

WORDS = b"ccproxy: interrupted: the client was ended, and nothing is kept\n"
STATUS = 130
CLIENT = b"bin/made-up\0slow\0stubborn"


def started(person: Person, *wishes: str) -> Running:
    """A capture in a process group of its own, as a terminal's foreground is, whose client has made its call."""
    line = [scripts("ccproxy"), "shapes", "capture", "anthropic", "--", "made-up", "slow", *wishes]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = person.outer.popen(line, person.environment(), cwd=person.folder, start_new_session=True, **pipes)
    assert running.stdout is not None
    assert running.stdout.readline() == b"other 503\n"
    assert running.stdout.readline() == b"call 200\n"
    assert running.stdout.readline().startswith(b"raw ")
    return running


def test_what_the_command_gets_alone_ends_a_client_that_ignores_it(person: Person) -> None:
    running = started(person, "stubborn")
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (STATUS, WORDS)
    assert (person.kept(), person.left_behind()) == ({}, [])


def test_the_third_ctrl_c_ends_a_client_that_ignores_them(person: Person) -> None:
    running = started(person, "stubborn")

    def ended() -> bool:
        lives = any(CLIENT in told for _, told in processes())
        if lives:
            os.killpg(running.pid, signal.SIGINT)
        return not lives

    assert person.outer.until(ended, 20.0)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (STATUS, WORDS)
    assert (person.kept(), person.left_behind()) == ({}, [])


def test_one_ctrl_c_is_the_clients(person: Person) -> None:
    running = started(person)
    os.killpg(running.pid, signal.SIGINT)
    told, said = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert b"kept: anthropic" in told
    assert WORDS not in said


def test_what_a_killed_capture_left_is_removed_by_the_next(person: Person) -> None:
    running = started(person)
    running.kill()
    running.communicate(timeout=30)
    assert person.outer.until(lambda: not person.processes())
    (left,) = person.temporary.iterdir()
    assert (left / "config" / "ccproxy.yaml").exists()
    done = person.capture()
    assert done.returncode == 0, done
    assert person.left_behind() == []
