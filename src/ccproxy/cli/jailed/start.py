"""A daemon for the length of one command."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time

from ccproxy.cli.session import Session
from ccproxy.jail.errors import JailError

PR_SET_PDEATHSIG = 1
LIMIT_SECONDS = 20.0
STEP_SECONDS = 0.02
MOST_LINES = 20


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
        await_answer(session, daemon)
        if daemon.poll() is not None:
            output.seek(0)
            raise JailError("the daemon did not start", last_words(output.read(), daemon.returncode))


def last_words(output: bytes, status: int) -> str:
    """What a daemon said before it ended, as lines below a sentence."""
    lines = output.decode(errors="replace").strip().splitlines()[-MOST_LINES:]
    said = [line.removeprefix("ccproxy: ") for line in lines]
    return "\n".join(said) or f"it ended with status {status} and said nothing"


def await_answer(session: Session, daemon: subprocess.Popen[bytes]) -> None:
    """Returns when the daemon answers, or has ended. Raises JailError."""
    end = time.monotonic() + LIMIT_SECONDS
    control = session.control()
    while daemon.poll() is None and control.status() is None:
        if time.monotonic() > end:
            daemon.terminate()
            raise JailError(f"the daemon has not answered within {LIMIT_SECONDS:g} s", "see its log: ccproxy logs")
        time.sleep(STEP_SECONDS)


def die_with(parent: int) -> None:
    """Ends this process when its parent ends, however that comes about (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
