"""A credential that a shell command prints."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import TYPE_CHECKING

from ccproxy.auth.cache import CachedSource
from ccproxy.auth.source import MAX_BYTES, Credential, CredentialError, checked, decoded

if TYPE_CHECKING:
    from asyncio import StreamReader

MAX_REASON = 200
"""Characters of the command's own complaint that go into the error."""
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class CommandSource(CachedSource):
    """What `command` prints when the shell runs it.

    It runs without input in a session of its own; after `timeout` seconds it is killed with all that it started.
    """

    def __init__(
        self, command: str, *, header: str | None = None, max_age: float = 300.0, timeout: float = 5.0
    ) -> None:
        super().__init__(header, max_age)
        self._command = command
        self._timeout = timeout

    async def _obtain(self) -> Credential:
        try:
            process = await asyncio.create_subprocess_shell(
                self._command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except OSError as error:
            raise CredentialError(f"the command could not be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(self._timeout):
                return await _answer(process)
        except TimeoutError:
            raise CredentialError(f"the command timed out after {self._timeout:g} s") from None
        finally:
            await _end(process)


async def _answer(process: Process) -> Credential:
    assert process.stdout is not None
    assert process.stderr is not None
    output, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
    if status := await process.wait():
        raise CredentialError(_refusal(status, output, complaint))
    return checked(decoded(output, "the command printed"), "the command printed")


async def _read(stream: StreamReader) -> bytes:
    """All of a stream, of which no more is kept than shows that it is too much."""
    kept = bytearray()
    while piece := await stream.read(MAX_BYTES):
        kept += piece[: MAX_BYTES + 1 - len(kept)]
    return bytes(kept)


def _refusal(status: int, output: bytes, complaint: bytes) -> str:
    """How the command ended and the first line of its complaint, from which anything that it printed is removed."""
    how = f"exited with status {status}" if status > 0 else f"was ended by {signal.Signals(-status).name}"
    printed = output.decode(errors="replace").strip()
    said = COLOUR.sub("", complaint.decode(errors="replace")).strip()
    said = said.replace(printed, "[redacted]") if printed else said
    reason = "".join(filter(str.isprintable, said.partition("\n")[0]))[:MAX_REASON].strip()
    return f"the command {how}: {reason}" if reason else f"the command {how}"


async def _end(process: Process) -> None:
    """Kill what is left of the command, unless it ended by itself, and wait until it is gone."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
