from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

type Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine to its end, on the event loop of the standard library and on that of the daemon."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def ran(coroutine: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(coroutine)

    return ran


class Tally:
    """A file to which every run of a command adds a line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.command = f"echo run >> '{file}'"

    @property
    def runs(self) -> int:
        return len(self.file.read_text().splitlines()) if self.file.exists() else 0


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path / "tally")
