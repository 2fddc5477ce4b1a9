"""Whether a shape's client is installed in a newer version: told by files, and no program is run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.shaping.shape import Provenance
from ccproxy.shaping.staleness import newer_installed

type Install = Callable[..., Path]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of commands, the only one on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def program(path: Path) -> Path:
    """A program that fails the test if it is run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {path}.was-run\n")
    path.chmod(0o755)
    return path


def link(commands: Path, name: str, target: Path) -> Path:
    (commands / name).unlink(missing_ok=True)
    (commands / name).symlink_to(target)
    return commands / name


def npm(root: Path, version: object) -> Path:
    """A package as npm installs it."""
    package = root / "node_modules" / "@made" / "up"
    main = program(package / "dist" / "cli.js")
    (package / "package.json").write_text(json.dumps({"name": "@made/up", "version": version}))
    return main


@pytest.mark.parametrize(("now", "newer"), [("1.2.9", None), ("1.2.10", None), ("1.2.11", "1.2.11"), ("2", None)])
def test_a_package_of_npm(commands: Path, tmp_path: Path, now: str, newer: str | None) -> None:
    made = link(commands, "made", npm(tmp_path / "lib", now))
    for captured_as in (made, made.resolve()):
        found = newer_installed(Provenance("capture", program=str(captured_as), program_version="1.2.10"))
        assert (found and found.version) == newer
        assert found is None or str(found) == "1.2.11 is installed"
    assert not [*tmp_path.rglob("*.was-run")]


def test_a_directory_a_version(commands: Path, tmp_path: Path) -> None:
    old = program(tmp_path / "share" / "versions" / "2.1.9")
    made = link(commands, "made", old)
    kept = Provenance("capture", program=str(made), program_version="2.1.9")
    assert newer_installed(kept) is None
    link(commands, "made", program(old.with_name("2.1.10")))
    found = newer_installed(kept)
    assert found is not None
    assert found.version == "2.1.10"


def test_the_version_that_was_captured_is_still_there(commands: Path, tmp_path: Path) -> None:
    old = program(tmp_path / "versions" / "2.1.9")
    kept = Provenance("capture", client="claude-cli", program=str(old), program_version="2.1.9")
    assert newer_installed(kept) is None
    new = program(old.with_name("2.1.10"))
    assert (found := newer_installed(kept)) is not None
    assert found.program == new
    link(commands, "claude", old)  # what runs is what counts
    assert newer_installed(kept) is None


def test_the_version_that_was_captured_is_gone(commands: Path, tmp_path: Path) -> None:
    there = program(tmp_path / "versions" / "2.1.10")
    program(tmp_path / "versions" / "2.1.8")
    kept = Provenance("capture", program=str(there.with_name("2.1.9")), program_version="2.1.9")
    found = newer_installed(kept)
    assert found is not None
    assert found.program == there


def test_where_no_version_is_written_the_file_tells(commands: Path) -> None:
    made = program(commands / "made")
    changed = made.stat().st_mtime
    assert newer_installed(Provenance("capture", program=str(made), captured=changed + 10)) is None
    found = newer_installed(Provenance("capture", program=str(made), captured=changed - 10))
    assert found is not None
    assert (found.version, str(found)) == (None, f"{made} has changed since")
    os.utime(made, (changed - 20, changed - 20))
    assert newer_installed(Provenance("capture", program=str(made), captured=changed - 10)) is None


@pytest.mark.parametrize(("version", "newer"), [("2.1.9", True), ("2.1.10", False)])
def test_a_recorded_flow_names_the_client_only(commands: Path, tmp_path: Path, version: str, newer: bool) -> None:
    link(commands, "claude", npm(tmp_path / "lib", "2.1.10"))
    kept = Provenance("flow", client="claude-cli", version=version, captured=1.0)
    assert (newer_installed(kept) is not None) == newer
    assert newer_installed(Provenance("flow", client="somebody", version="1", captured=1.0)) is None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", '{"version": 3}', '{"version": "latest"}', '"1.2"'])
def test_a_package_json_that_says_nothing(commands: Path, tmp_path: Path, text: str) -> None:
    main = npm(tmp_path / "lib", "1.0.0")
    (main.parents[1] / "package.json").write_text(text)
    made = link(commands, "made", main)
    assert newer_installed(Provenance("capture", program=str(made), program_version="0.1.0")) is None


def test_nothing_is_installed(commands: Path) -> None:
    for kept in (Provenance(), Provenance("capture", program="/nowhere/made", program_version="1.0")):
        assert newer_installed(kept) is None
    loop = commands / "loop"
    loop.symlink_to(loop)
    assert newer_installed(Provenance("capture", program=str(loop), program_version="1.0")) is None
