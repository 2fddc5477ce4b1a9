"""A terminal with a shell in it, and somebody who types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

from tests.jail.supervisor.jails import Jails

BOUND_SECONDS = 20.0
PROMPT = "outer$ "


class Terminal:
    """Runs a program of the outer network as the leader of a session on a terminal. Use as a context manager."""

    def __init__(self, jails: Jails, command: Sequence[str] = ("bash", "--norc", "--noprofile", "-i")) -> None:
        self.master, slave = pty.openpty()
        self._seen = ""
        self.resize(24, 80)
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.child = jails.outer.popen(
            command,
            jails.env | {"PS1": PROMPT, "HISTFILE": ""},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.master)  # which hangs up: whoever traps that has a moment
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(1)
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)

    def type(self, text: str) -> None:
        """Types characters; control characters do what they do on a terminal."""
        os.write(self.master, text.encode())

    def line(self, text: str) -> None:
        """Types a line."""
        self.type(text + "\n")

    def resize(self, rows: int, columns: int) -> None:
        """As dragging the window's edge does."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def foreground(self) -> int:
        """The process group in the foreground."""
        return os.tcgetpgrp(self.master)

    def expect(self, text: str) -> str:
        """Reads until something is shown; returns what came before it and forgets both."""
        end = time.monotonic() + BOUND_SECONDS
        while text not in self._seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} is not shown, but: {self._seen!r}")
            self._seen += os.read(self.master, 65536).decode(errors="replace").replace("\r\n", "\n")
        before, _, self._seen = self._seen.partition(text)
        return before

    def prompt(self) -> str:
        """Waits until the outer shell is ready; returns what was shown before."""
        return self.expect(PROMPT)
