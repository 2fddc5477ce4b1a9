"""A daemon for the length of one command."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from ccproxy.cli.session import Session
from ccproxy.jail.errors import JailError

PR_SET_PDEATHSIG = 1
LIMIT_SECONDS = 20.0
STEP_SECONDS = 0.02
MOST_LINES = 20
ANOTHER = b"is already running"
"""What a daemon says that came second: somebody else has started one at the same time, which is as good."""


def start_daemon(session: Session) -> None:
    """Starts a daemon that ends with this process, and waits until it answers. Raises JailError."""
    option = ["--config", str(session.directory)] if session.directory else []
    parent = os.getpid()
    with tempfile.TemporaryFile() as output:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "ccproxy", *option, "start"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - there are no threads
        )
        await_answer(session, lambda: daemon.poll() is None)
        if daemon.poll() is not None:
            output.seek(0)
            said = output.read()
            if ANOTHER not in said:
                raise JailError("the daemon did not start", last_words(said, daemon.returncode))
            await_answer(session, lambda: True)


def last_words(output: bytes, status: int) -> str:
    """What a daemon said before it ended, as lines below a sentence."""
    lines = output.decode(errors="replace").strip().splitlines()[-MOST_LINES:]
    said = [line.removeprefix("ccproxy: ") for line in lines]
    return "\n".join(said) or f"it ended with status {status} and said nothing"


def await_answer(session: Session, lives: Callable[[], bool]) -> None:
    """Returns when the daemon answers, or lives no longer. Raises JailError."""
    end = time.monotonic() + LIMIT_SECONDS
    control = session.control()
    while lives() and control.status() is None:
        if time.monotonic() > end:
            raise JailError(f"the daemon has not answered within {LIMIT_SECONDS:g} s", "see its log: ccproxy logs")
        time.sleep(STEP_SECONDS)


def die_with(parent: int) -> None:
    """Ends this process when its parent ends, however that comes about (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
