"""requirements.txt is what pyproject.toml asks for, whole, hashed and without addresses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins() -> dict[str, str]:
    return {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE)
    }


def test_every_dependency_is_locked_within_its_bounds() -> None:
    groups = PROJECT["dependency-groups"]
    wanted = [Requirement(line) for line in [*PROJECT["project"]["dependencies"], *groups["dev"], *groups["build"]]]
    locked = pins()
    outside = [str(each) for each in wanted if not each.specifier.contains(locked[canonicalize_name(each.name)])]
    assert outside == []


def test_every_dependency_has_an_upper_bound_but_the_certificates() -> None:
    wanted = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    unbound = [each.name for each in wanted if not any(part.operator == "<" for part in each.specifier)]
    assert unbound == ["certifi"]


def test_every_release_has_hashes_and_nothing_names_an_address() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) == len(pins())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in LOCK
    assert not re.search(r"^\s*(-|#)(?!-hash)", LOCK.replace("    --hash", "hash"), re.MULTILINE)
