"""The simulator as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

START_SECONDS = 10


@contextmanager
def simulator(*arguments: str) -> Iterator[str]:
    """Runs `python -m ccproxy.simulator`; gives its base URL."""
    command = [sys.executable, "-m", "ccproxy.simulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("listening on http")
        yield first.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        assert process.wait(START_SECONDS) == 0


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """The base URL of a running simulator."""
    with simulator() as url:
        yield url
