"""Hooks of an installed package, and of files that are edited while the daemon runs: all are in force, at all times."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.pipeline.users import write
from tests.support.configs import providers
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, OPENAI, Dialect
from tests.support.hooks import eventually, put_hooks
from tests.support.upstream import Upstream

OWN = """
    from ccproxy import hook

    from ._words import WORD

    TAIL = ""


    @hook(stage="inbound", writes=["headers.x-own"])
    def own(ctx, params):
        ctx.headers.set("x-own", WORD + TAIL)
"""
WAITING = """
    import asyncio
    import os

    from ccproxy import hook


    @hook(stage="inbound", writes=["headers.x-own"])
    async def own(ctx, params):
        while not os.path.exists(GATE):
            await asyncio.sleep(0.005)
        ctx.headers.set("x-own", "waited")
"""
PACKAGE = """
    from ccproxy import hook


    @hook(stage="outbound", reads=["headers.x-own"], writes=["headers.x-package"])
    def of_a_package(ctx, params):
        ctx.headers.set("x-package", f"after {ctx.headers.get('x-own')}")
"""
PROJECT = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    [project]
    name = "acme-notes"
    version = "1.5"
    [project.entry-points."ccproxy.hooks"]
    notes = "acme_notes"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which pip has installed a package with a hook."""
    base = tmp_path_factory.mktemp("acme")
    write(base / "project" / "pyproject.toml", PROJECT)
    write(base / "project" / "acme_notes.py", PACKAGE)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(base / "site"), str(base / "project")], check=True, capture_output=True)
    return base / "site"


class Live:
    """A daemon with a package and a file of hooks, and what comes of its requests."""

    def __init__(self, daemon: Daemon, upstream: Upstream) -> None:
        self.daemon, self._upstream = daemon, upstream

    def edit(self, **files: str) -> Path:
        """Writes files of hooks."""
        return put_hooks(self.daemon.home, **files)

    def says(self, dialect: Dialect = ANTHROPIC) -> tuple[str, str]:
        """What the hooks have set in a request: that of the file, and that of the package."""
        self._upstream.forget()
        assert self.daemon.ask("POST", dialect.target(), [dialect.key()], dialect.body()).status == 200
        (seen,) = self._upstream.requests
        assert seen.body == dialect.body()
        return tuple((seen.field(name) or b"").decode() for name in ("x-own", "x-package"))

    def becomes(self, word: str) -> None:
        """Waits until the file's hook says so; the package's hook is in force all the time."""
        eventually(self.daemon, self.says, lambda said: said == (word, f"after {word or None}"))

    def steps(self) -> list[dict[str, Any]]:
        """The hooks in force."""
        graphs = self.daemon.control("GET", "/status")["pipeline"].values()
        return [step for graph in graphs for level in graph["levels"] for step in level]

    @property
    def error(self) -> str | None:
        """What the status says is wrong with the hooks."""
        error: str | None = self.daemon.control("GET", "/status")["hooks_error"]
        return error

    def fails(self, holds: Callable[[str], bool] = bool) -> str:
        """Waits until the status says that something is wrong; returns what."""
        return eventually(self.daemon, lambda: self.error or "", holds)


@pytest.fixture
def live(start_daemon: StartDaemon, home: Home, upstream: Upstream, tokens: Path, installed: Path) -> Live:
    put_hooks(home, own=OWN, _words='WORD = "one"')
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    config: dict[str, Any] = {"providers": providers(upstream.url, tokens)}
    return Live(start_daemon(config, env={"PYTHONPATH": path}, home=home), upstream)


def test_both_are_in_force_and_edits_take_effect(live: Live) -> None:
    assert live.says() == live.says(OPENAI) == ("one", "after one")
    live.edit(_words='WORD = "two"')  # as long as before, and within the same second
    live.becomes("two")
    live.edit(own=OWN.replace('TAIL = ""', 'TAIL = "!"'))
    live.becomes("two!")
    assert live.error is None
    sources = {step["name"]: step["source"] for step in live.steps()}
    assert sources["own"] == "hooks/own.py"
    assert sources["of_a_package"] == "entry point notes of acme-notes 1.5"


def test_an_edit_that_does_not_load_leaves_the_former(live: Live) -> None:
    directory = live.edit(own="TAIL = 1\nx = (\n")
    said = live.fails()
    assert f"{directory / 'own.py'}:2" in said
    assert "never closed" in said
    assert live.says() == ("one", "after one")
    live.edit(own=OWN, _words="import no_such_module")
    said = live.fails(lambda error: "no_such_module" in error)
    assert f"{directory / '_words.py'}:1" in said
    assert live.says() == ("one", "after one")
    live.edit(_words='WORD = "three"')
    live.becomes("three")
    assert live.error is None


def test_a_file_that_goes_and_comes_back(live: Live) -> None:
    (live.edit() / "own.py").unlink()
    live.becomes("")
    live.edit(own=OWN)
    live.becomes("one")


def test_a_request_under_way_keeps_its_hooks(live: Live) -> None:
    gate = live.daemon.home.root / "gate"
    live.edit(own=WAITING.replace("GATE", repr(str(gate))))
    eventually(live.daemon, live.steps, lambda steps: is_concurrent("own", steps))
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(live.says)
        eventually(
            live.daemon, lambda: live.daemon.control("GET", "/status")["flows"]["active"], lambda active: active == 1
        )
        live.edit(own=OWN)
        eventually(live.daemon, live.steps, lambda steps: not is_concurrent("own", steps))
        gate.touch()
        assert asked.result() == ("waited", "after waited")
    assert live.says() == ("one", "after one")


def is_concurrent(name: str, steps: list[dict[str, Any]]) -> bool:
    return next(bool(step["concurrent"]) for step in steps if step["name"] == name)
