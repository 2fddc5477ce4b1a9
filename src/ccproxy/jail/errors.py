"""What can go wrong before the command runs."""

from __future__ import annotations

FAILED = 125
"""Exit status when the jail itself failed and the command never ran, as with `docker run` and `env`."""
NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""POSIX.1-2024, Shell Command Language §2.8.2."""


class JailError(Exception):
    """The command could not be run. `str()` is one sentence for people; `fix` says what to do; `status` is the exit
    status."""

    def __init__(self, message: str, fix: str = "", status: int = FAILED) -> None:
        super().__init__(message)
        self.fix, self.status = fix, status
