"""A credential that a shell command prints."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import TYPE_CHECKING

from ccproxy.auth.cache import CachedSource
from ccproxy.auth.source import Credential, CredentialError, checked

if TYPE_CHECKING:
    from asyncio import StreamReader

MAX_BYTES = 65_536
"""Of the output. More is not a credential."""
MAX_REASON = 200
"""Characters of the command's own complaint that go into the error."""


class CommandSource(CachedSource):
    """What `command` prints when the shell runs it, in its own process group, without a terminal, for `timeout` s at most."""

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
    status = await process.wait()
    if status:
        raise CredentialError(_refusal(status, output, complaint))
    if len(output) > MAX_BYTES:
        raise CredentialError(f"the command printed more than {MAX_BYTES} bytes")
    try:
        text = output.decode()
    except UnicodeDecodeError:
        raise CredentialError("the command printed something that is not text") from None
    return checked(text, "the command printed")


async def _read(stream: StreamReader) -> bytes:
    """All of a stream, of which no more is kept than shows that it is too much."""
    kept = bytearray()
    while piece := await stream.read(MAX_BYTES):
        kept += piece[: MAX_BYTES + 1 - len(kept)]
    return bytes(kept)


def _refusal(status: int, output: bytes, complaint: bytes) -> str:
    how = f"exited with status {status}" if status > 0 else f"was ended by {signal.Signals(-status).name}"
    secret = output.decode(errors="replace").strip()
    said = complaint.decode(errors="replace").strip()
    said = said.replace(secret, "[redacted]") if secret else said
    reason = said.partition("\n")[0].strip()[:MAX_REASON]
    return f"the command {how}: {reason}" if reason else f"the command {how}"


async def _end(process: Process) -> None:
    """Kill the command with all that it started, unless it ended by itself, and wait until it is gone."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
