"""What the doctor says in an environment with something broken in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jail.doctor.schema import validate
from tests.support.daemon import Home

BROKEN = Path(__file__).with_name("broken.py")

type Examine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.remove()


@pytest.fixture
def examine(home: Home) -> Examine:
    """Runs `ccproxy namespace doctor` behind breakages."""

    def run(*breakages: str, options: tuple[str, ...] = ("--json",)) -> subprocess.CompletedProcess[str]:
        doctor = [sys.executable, "-m", "ccproxy", "namespace", "doctor", *options]
        return subprocess.run(
            [sys.executable, "-I", "-S", str(BROKEN), *breakages, "--", *doctor],
            env=home.environment(),
            cwd=home.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return run


def read(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it printed, if that is as the schema says."""
    assert done.stdout, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    validate(value)
    assert done.returncode == (0 if value["ok"] else 1)
    assert value["failures"] == [check["id"] for check in value["checks"] if check["status"] == "failed"]
    return value


def by_id(value: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The checks by their ids, none of which is there twice."""
    checks = {check["id"]: check for check in value["checks"]}
    assert len(checks) == len(value["checks"])
    return checks
