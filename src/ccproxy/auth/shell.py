"""Running a shell command beside the event loop, and being rid of it in time."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from typing import NamedTuple

LINGER_SECONDS = 0.2
"""How long the output may stay open after the command ended: something that it left running may hold it forever."""
STDOUT, STDERR = 1, 2


class Outcome(NamedTuple):
    """How a command ended. A negative status is the number of the signal that ended it."""

    status: int
    output: bytes
    complaint: bytes


async def run_shell(command: str, seconds: float, limit: int) -> Outcome:
    """Run `command` without input, in a session of its own.

    It is killed with everything in its session after `seconds`, if the caller is cancelled, or if its output is longer
    than `limit` bytes; one byte more is kept to show that. Raises TimeoutError, and OSError if there is no shell.
    """
    loop = asyncio.get_running_loop()
    transport, child = await loop.subprocess_shell(
        lambda: _Child(limit), command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(seconds):
            await child.done
    finally:
        if not child.exited.done():
            with suppress(ProcessLookupError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
            await child.exited
        transport.close()
    status = transport.get_returncode()
    assert status is not None
    return Outcome(status, bytes(child.kept[STDOUT]), bytes(child.kept[STDERR]))


class _Child(asyncio.SubprocessProtocol):
    """Collects what a process prints. `exited` is set when it ends, `done` when nothing more is expected of it."""

    def __init__(self, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = limit + 1
        self.exited, self.done = self._loop.create_future(), self._loop.create_future()
        self.kept = {STDOUT: bytearray(), STDERR: bytearray()}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.kept[fd]
        kept += data[: self._room - len(kept)]
        if fd == STDOUT and len(kept) == self._room:
            self._finish()

    def process_exited(self) -> None:
        self.exited.set_result(None)
        self._loop.call_later(LINGER_SECONDS, self._finish)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
