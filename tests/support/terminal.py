"""A program on a terminal, and somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

BOUND_SECONDS = 30.0


class Terminal:
    """Runs a program on a terminal that can neither move its cursor nor show colours. Use as a context manager."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        self.master, slave = pty.openpty()
        self._seen = ""
        terminal = {"TERM": "dumb", "COLUMNS": "160", "NO_COLOR": "1"}
        self.child = subprocess.Popen(
            command, env={**env, **terminal}, cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.child.kill()
        self.child.wait(10)
        os.close(self.master)

    def line(self, text: str, shown: str) -> str:
        """Types a line and waits until something is shown; returns what came before it."""
        os.write(self.master, f"{text}\n".encode())
        return self.expect(shown)

    def expect(self, text: str) -> str:
        """Reads until something is shown; returns what came before it and forgets both."""
        end = time.monotonic() + BOUND_SECONDS
        while text not in self._seen:
            piece = self._read()
            if not piece or time.monotonic() > end:
                raise AssertionError(f"{text!r} is not shown, but: {self._seen!r}")
            self._seen += piece.decode(errors="replace").replace("\r\n", "\n")
        before, _, self._seen = self._seen.partition(text)
        return before

    def end(self, text: str) -> int:
        """Types the last line and waits until the program has ended; returns its exit status."""
        os.write(self.master, f"{text}\n".encode())
        while self._read():
            pass
        return self.child.wait(BOUND_SECONDS)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self.master], [], [], BOUND_SECONDS)
        if not ready:
            raise AssertionError(f"nothing is shown any more, after: {self._seen!r}")
        try:
            return os.read(self.master, 65536)
        except OSError:  # how a terminal says that nobody is at its other end
            return b""
