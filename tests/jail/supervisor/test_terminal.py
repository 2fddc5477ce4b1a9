"""A terminal and a shell's job control do in a jail what they do without one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jail.supervisor.inside import COUNTER, PYTHON, WAITER
from tests.jail.supervisor.jails import Jails
from tests.jail.supervisor.tty import Terminal

CTRL_C, CTRL_BACKSLASH, CTRL_Z, CTRL_D = "\x03", "\x1c", "\x1a", "\x04"
INNER = ("env", "PS1=jail$ ", "bash", "--norc", "--noprofile", "-i")
INNER_PROMPT = "jail$ "


@pytest.fixture
def terminal(jails: Jails) -> Iterator[Terminal]:
    with Terminal(jails) as made:
        made.prompt()
        made.line("set +o history; ulimit -c 0")
        made.prompt()
        yield made


def jail(jails: Jails, *command: str) -> str:
    """The command line of a jail, as it is typed."""
    return shlex.join(jails.line(command))


def status(terminal: Terminal) -> int:
    """`$?`."""
    terminal.line('echo "status $?."')
    terminal.expect("status ")
    shown = terminal.expect(".")
    terminal.prompt()
    return int(shown)


def at_rest(pid: int) -> bool:
    """Whether a process waits for something: people do not type the next key before it runs again."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def runs(pid: int, program: str) -> bool:
    """Whether a process has become a program: before that, a shell's child may miss a key."""
    return at_rest(pid) and Path(f"/proc/{pid}/comm").read_text().strip() == program


def test_it_is_a_terminal(jails: Jails, terminal: Terminal) -> None:
    terminal.line(jail(jails, "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size && tty"))
    assert terminal.prompt().splitlines()[0] == "24 80"
    assert status(terminal) == 0


def test_the_window_changes(jails: Jails, terminal: Terminal) -> None:
    script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    terminal.line(jail(jails, "sh", "-c", script))
    terminal.expect("ready\n")
    terminal.resize(50, 132)
    terminal.expect("50 132\n")
    terminal.type(CTRL_C)
    terminal.prompt()


@pytest.mark.parametrize(("key", "expected"), [(CTRL_C, 130), (CTRL_BACKSLASH, 131)])
def test_keys_that_end_a_command(jails: Jails, terminal: Terminal, key: str, expected: int) -> None:
    terminal.line(jail(jails, "sh", "-c", "echo ready; exec sleep 600"))
    terminal.expect("ready\n")
    terminal.type(key)
    terminal.prompt()
    assert status(terminal) == expected


def test_a_command_that_handles_the_key_gets_it_once(jails: Jails, terminal: Terminal) -> None:
    terminal.line(jail(jails, PYTHON, "-IS", "-c", COUNTER, "SIGINT", "SIGQUIT"))
    terminal.expect("ready\n")
    group = terminal.foreground()
    for _ in range(2):
        terminal.type(CTRL_C)
        terminal.expect("SIGINT\n")
        terminal.type(CTRL_Z)
        assert "SIGINT\n" not in terminal.prompt()
        terminal.line("fg")
        terminal.expect(" SIGINT SIGQUIT\n")  # the shell says what it continues
        jails.outer.until(lambda: terminal.foreground() == group)
        jails.outer.until(lambda: at_rest(group))
    terminal.type(CTRL_BACKSLASH)
    terminal.expect("SIGQUIT\n")
    terminal.type(CTRL_D)
    assert terminal.prompt() == ""
    assert status(terminal) == 0


def test_stop_and_go_on(jails: Jails, terminal: Terminal) -> None:
    terminal.line(jail(jails, "sh", "-c", "echo ready; read line; echo got $line; exit 6"))
    terminal.expect("ready\n")
    terminal.type(CTRL_Z)
    assert "Stopped" in terminal.prompt()
    assert status(terminal) == 148
    terminal.line("fg")
    terminal.line("hello")
    terminal.expect("got hello\n")
    terminal.prompt()
    assert status(terminal) == 6


def test_stopped_and_continued_in_the_background(jails: Jails, terminal: Terminal) -> None:
    mark = jails.root / "home" / "mark"
    terminal.line(jail(jails, PYTHON, "-IS", "-c", WAITER, str(mark)))
    terminal.expect("ready\n")
    terminal.type(CTRL_Z)
    terminal.prompt()
    terminal.line(f"bg; touch {mark}; wait %1; echo status $?.")
    terminal.expect("through\n")
    terminal.expect("status 9.\n")


def test_a_command_that_stops_itself(jails: Jails, terminal: Terminal) -> None:
    for name in ("STOP", "TSTP"):
        terminal.line(jail(jails, "sh", "-c", f"echo ready; kill -{name} $$; echo again; exit 3"))
        terminal.expect("ready\n")
        assert "Stopped" in terminal.prompt()
        terminal.line("fg")
        terminal.expect("again\n")
        terminal.prompt()
        assert status(terminal) == 3


def test_a_command_that_does_not_stop(jails: Jails, terminal: Terminal) -> None:
    """The holder goes on too: otherwise the command would run without a network."""
    script = "trap '' TSTP; echo ready; read line; curl -sS https://www.example.test/; echo end"
    terminal.line(jail(jails, "sh", "-c", script))
    terminal.expect("ready\n")
    terminal.type(CTRL_Z)
    terminal.line("go")
    terminal.expect("hello from www.example.test\nend\n")
    terminal.prompt()


def test_background_and_input(jails: Jails, terminal: Terminal) -> None:
    """Who reads from the terminal in the background is stopped, and reads in the foreground."""
    terminal.line(jail(jails, "sh", "-c", "read line; echo got $line") + " & wait")
    assert "Stopped" in terminal.prompt()
    terminal.line("fg")
    terminal.line("hello")
    terminal.expect("got hello\n")
    terminal.prompt()


def test_a_shell_with_jobs_of_its_own(jails: Jails, terminal: Terminal) -> None:
    terminal.line(jail(jails, *INNER))
    terminal.expect(INNER_PROMPT)
    shell = terminal.foreground()
    terminal.line("sleep 600")
    jails.outer.until(lambda: terminal.foreground() != shell and runs(terminal.foreground(), "sleep"))
    terminal.type(CTRL_Z)
    assert "Stopped" in terminal.expect(INNER_PROMPT)
    terminal.line("bg; jobs")
    assert "Running" in terminal.expect(INNER_PROMPT)
    terminal.line("fg")
    jails.outer.until(lambda: terminal.foreground() != shell and at_rest(terminal.foreground()))
    terminal.type(CTRL_C)
    terminal.expect(INNER_PROMPT)
    terminal.line('echo "inner $?."')
    terminal.expect("inner 130.\n")
    terminal.line("exit 11")
    terminal.prompt()
    assert status(terminal) == 11
    assert terminal.foreground() == terminal.child.pid


def test_a_shell_that_is_suspended_and_continued(jails: Jails, terminal: Terminal) -> None:
    terminal.line(jail(jails, *INNER))
    terminal.expect(INNER_PROMPT)
    group = terminal.foreground()
    for _ in range(2):
        terminal.line("suspend")
        assert "Stopped" in terminal.prompt()
        assert terminal.foreground() == terminal.child.pid
        terminal.line("fg")
        jails.outer.until(lambda: terminal.foreground() == group)
        terminal.line("echo here")
        terminal.expect("here\n")
        terminal.expect(INNER_PROMPT)
    terminal.type(CTRL_D)
    terminal.prompt()
    assert terminal.foreground() == terminal.child.pid


def test_the_terminal_is_given_back_where_no_shell_does_it(jails: Jails, terminal: Terminal) -> None:
    """A script is in one process group with what it runs."""
    terminal.line(f"sh -c {shlex.quote(jail(jails, *INNER) + '; read line; echo got $line')}")
    terminal.expect(INNER_PROMPT)
    terminal.line("exit")
    terminal.expect("exit\n")
    terminal.line("hello")
    terminal.expect("got hello\n")
    terminal.prompt()


def test_the_terminal_hangs_up(jails: Jails) -> None:
    mark = jails.root / "home" / "hung-up"
    script = f"trap 'touch {mark}; exit' HUP; echo ready; while :; do sleep 0.05; done"
    with Terminal(jails, jails.line(["sh", "-c", script])) as made:
        made.expect("ready\n")
    jails.outer.until(mark.exists)
