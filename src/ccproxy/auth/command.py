"""A credential that a shell command prints."""

from __future__ import annotations

import re
import shlex
import signal

from ccproxy.auth.cache import CachedSource
from ccproxy.auth.shell import Outcome, run_shell
from ccproxy.auth.source import MAX_BYTES, Credential, CredentialError, Reader, checked, decoded

MAX_REASON = 200
"""Characters of the command's own complaint that go into the error."""
ASSIGNMENT = re.compile(r"\w+=")
"""What sets a variable for the command behind it (POSIX shell, 2.9.1)."""
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""What terminals read as colours (ECMA-48, SGR)."""


class CommandSource(CachedSource):
    """What `command` prints when the shell runs it, for `timeout` seconds at most."""

    kind = "command"

    def __init__(
        self,
        command: str,
        *,
        header: str | None = None,
        max_age: float = 300.0,
        timeout: float = 5.0,
        read: Reader = checked,
    ) -> None:
        super().__init__(header, max_age)
        self._read = read
        self._command = command
        self._timeout = timeout

    @property
    def _where(self) -> str:
        """Its first word: the others may hold a secret, and so may variables before it."""
        if not self._command.strip():
            return "an empty command"
        try:
            words = shlex.split(self._command)
        except ValueError:
            return "command"
        return f"command {next((word for word in words if not ASSIGNMENT.match(word)), '')}".strip()

    async def _obtain(self) -> Credential:
        try:
            outcome = await run_shell(self._command, self._timeout, MAX_BYTES)
        except TimeoutError:
            raise CredentialError(f"the command timed out after {self._timeout:g} s") from None
        except OSError as error:
            raise CredentialError(f"the command could not be started: {error.strerror}") from None
        if outcome.status and len(outcome.output) <= MAX_BYTES:
            raise CredentialError(_refusal(outcome))
        return self._read(decoded(outcome.output, "the command printed"), "the command printed")


def _refusal(outcome: Outcome) -> str:
    """How the command ended and the first line of its complaint, from which anything that it printed is removed."""
    status = outcome.status
    how = f"exited with status {status}" if status > 0 else f"was ended by {signal.Signals(-status).name}"
    printed = outcome.output.decode(errors="replace").strip()
    said = COLOUR.sub("", outcome.complaint.decode(errors="replace")).strip()
    said = said.replace(printed, "[redacted]") if printed else said
    reason = "".join(filter(str.isprintable, said.partition("\n")[0]))[:MAX_REASON].strip()
    return f"the command {how}: {reason}" if reason else f"the command {how}"
