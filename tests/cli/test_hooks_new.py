"""`ccproxy hooks new`: what it writes works as it is, and it writes over nothing."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Home

STAGES = ["inbound", "outbound", "response"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def python(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in the directory of hooks as its user would."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=home.environment(),
        cwd=home.config_dir / "hooks",
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_new_hook_passes_its_own_test_and_loads(home: Home, stage: str) -> None:
    done = home.run("hooks", "new", "my_hook", "--stage", stage)
    assert (done.returncode, done.stderr) == (0, "")
    tested = python(home, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_hook.py")
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    checked = home.run("hooks", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    listed = json.loads(home.run("hooks", "list", "--json").stdout)
    (mine,) = [hook for hook in listed if hook["name"] == "my_hook"]
    assert (mine["stage"], mine["source"]) == (stage, "hooks/my_hook.py")
    assert mine["writes"]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_new_hooks_have_strict_types(home: Home) -> None:
    names = [f"my_{stage}" for stage in STAGES]
    for stage, name in zip(STAGES, names, strict=True):
        home.run("hooks", "new", name, "--stage", stage)
    files = [file for name in names for file in (f"{name}.py", f"test_{name}.py")]
    typed = python(home, "-m", "mypy", "--strict", "--config-file=", *files)
    assert typed.returncode == 0, typed.stdout


def test_files_are_their_users_only(home: Home) -> None:
    home.run("hooks", "new", "mine")
    directory = home.config_dir / "hooks"
    assert sorted(path.name for path in directory.iterdir()) == ["mine.py", "test_mine.py"]
    assert (mode(directory), *map(mode, directory.iterdir())) == (0o700, 0o600, 0o600)


def test_a_configuration_that_is_not_there_yet(home: Home) -> None:
    directory = home.root / "deep" / "second"
    done = home.run("--config", str(directory), "hooks", "new", "mine")
    assert done.returncode == 0, done.stderr
    assert mode(directory) == 0o700
    assert f"ccproxy --config {directory} hooks check" in done.stdout


def test_what_is_there_stays(home: Home) -> None:
    directory = home.config_dir / "hooks"
    directory.mkdir(mode=0o700)
    for there in ("mine.py", "test_mine.py"):
        (directory / there).write_text("ours")
        done = home.run("hooks", "new", "mine")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{directory / there} is there already" in done.stderr
        assert [(path.name, path.read_text()) for path in directory.iterdir()] == [(there, "ours")]
        (directory / there).unlink()


def test_force_keeps_what_was_there_aside(home: Home) -> None:
    directory = home.config_dir / "hooks"
    directory.mkdir(mode=0o700)
    (directory / "mine.py").write_text("ours")
    assert home.run("hooks", "new", "mine", "--force").returncode == 0
    assert "def mine(" in (directory / "mine.py").read_text()
    assert (directory / "mine.py.bak").read_text() == "ours"
    assert home.run("hooks", "check").returncode == 0


def test_a_directory_of_ones_own(home: Home) -> None:
    home.write({"hooks": {"hooks_dir": "code/ours"}})
    assert home.run("hooks", "new", "mine").returncode == 0
    assert (home.config_dir / "code" / "ours" / "mine.py").is_file()
    assert "mine" in home.run("hooks", "check").stdout


def test_no_directory(home: Home) -> None:
    home.write({"hooks": {"hooks_dir": None}})
    done = home.run("hooks", "new", "mine")
    assert done.returncode == 1
    assert "hooks.hooks_dir" in done.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("my-hook", "function's name"),
        ("1st", "function's name"),
        ("größer", "function's name"),
        ("../x", "function's name"),
        ("class", "function's name"),
        ("", "function's name"),
        ("_mine", "not be loaded"),
        ("test_mine", "not be loaded"),
        ("conftest", "not be loaded"),
        ("hook", "something else"),
        ("Params", "something else"),
        ("trial", "something else"),
        ("try_hook", "something else"),
        ("json", "installed module"),
        ("pytest", "installed module"),
        ("ccproxy", "installed module"),
    ],
)
def test_names_that_no_hook_can_have(home: Home, name: str, why: str) -> None:
    done = home.run("hooks", "new", "--", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert not (home.config_dir / "hooks").exists()


def test_a_directory_that_cannot_be_written(home: Home) -> None:
    (home.config_dir / "hooks").write_text("in the way")
    done = home.run("hooks", "new", "mine")
    assert done.returncode == 1
    assert str(home.config_dir / "hooks") in done.stderr
    assert "Traceback" not in done.stderr


def test_whatever_the_umask(home: Home) -> None:
    subprocess.run(
        ["sh", "-c", f"umask 0; exec {sys.executable} -m ccproxy hooks new mine"],
        env=home.environment(),
        check=True,
        capture_output=True,
    )
    directory = home.config_dir / "hooks"
    assert (mode(directory), *map(mode, directory.iterdir())) == (0o700, 0o600, 0o600)
