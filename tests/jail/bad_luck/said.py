"""What ccproxy says when something is wrong."""

from __future__ import annotations

import subprocess

type Done = subprocess.CompletedProcess[bytes]


def complaint(done: Done, status: int) -> str:
    """The one thing that was said instead of running the command, and what to do about it below. Raises AssertionError
    if it is anything else."""
    assert (done.returncode, done.stdout) == (status, b""), done
    message, *fix = done.stderr.decode().splitlines()
    assert message.startswith("ccproxy: "), done
    assert all(line.startswith("  ") for line in fix), done
    assert not any(word in done.stderr for word in (b"Traceback", b"internal error", b"Error(")), done
    return message.removeprefix("ccproxy: ")


def usage(done: Done) -> str:
    """The last line of a complaint about the command line itself."""
    assert (done.returncode, done.stdout) == (2, b""), done
    assert b"Traceback" not in done.stderr
    first, *_, last = done.stderr.decode().splitlines()
    assert first.startswith("Usage: ccproxy run")
    return last


def quiet(done: Done) -> bytes:
    """The output of a command that ran well, of which ccproxy said nothing."""
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout
