"""What comes with ccproxy of shapes: names, and nothing of anybody's request."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.structures import packaged, packaged_names
from tests.shaping.made_up import profiles, store_in

NAMES = ["anthropic", "gemini", "openai_responses"]
FILES = files("ccproxy.shaping") / "packaged"
ROOT = Path(__file__).parents[2]
IDS = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|[0-9a-fA-F]{12,}|[0-9]{5,}|[A-Za-z0-9+/_]{40,}|session_\w{8}|sk-|eyJ")
"""UUIDs, long hexadecimal or decimal numbers, base64, keys."""


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    else:
        yield value


def test_every_packaged_profile_has_its_structure(tmp_path: Path) -> None:
    assert packaged_names() == NAMES
    assert set(NAMES) == set(profiles())
    for name in NAMES:
        base = store_in(tmp_path).base(name)
        assert base == packaged(name)
        assert base is not None
        assert base.provenance.source == "packaged"
        assert profiles()[name].capture.path_pattern.search(base.path)
    assert packaged("other") is None


@pytest.mark.parametrize("name", NAMES)
def test_packaged_files_hold_names_only(name: str) -> None:
    """W-SHAPE-8: captured session and request ids were in the reference's packaged files."""
    text = (FILES / f"{name}.json").read_text("ascii")
    found = json.loads(text)
    assert IDS.findall(text) == []
    assert set(found["headers"].values()) == {""}
    assert set(leaves(found["body"])) == {None}
    assert found["header_order"] == list(found["headers"])
    assert set(found) == {"method", "url", "header_order", "headers", "body"}


def test_the_rule_finds_what_it_looks_for() -> None:
    planted = [
        "6f0d9c1e-8a3b-4c55-9d10-2b7f5e8a1c34",
        "0f1e2d3c4b5a69788796",
        "sk-ant-1",
        "session_abcdefgh",
        "17000000",
    ]
    assert all(IDS.search(each) for each in planted)


@pytest.mark.parametrize("name", NAMES)
def test_a_packaged_structure_is_what_a_shape_keeps(name: str) -> None:
    base = packaged(name)
    assert base is not None
    url, headers, _ = reduce(base.method, base.url, base.headers, base.body, profiles()[name])
    assert (url, [field for field, _ in headers]) == (base.url, [field for field, _ in base.headers])


@pytest.mark.parametrize("name", NAMES)
def test_it_is_never_enough_by_itself(tmp_path: Path, name: str) -> None:
    with pytest.raises(ShapeError) as raised:
        store_in(tmp_path).pick(name)
    assert str(raised.value).startswith(
        f"there is no shape for the profile '{name}' yet: run: ccproxy shapes capture {name} -- "
    )
    assert store_in(tmp_path).problems() == {}


def test_the_wheel_has_them(tmp_path: Path) -> None:
    """Built without the network: the backend is installed."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {f"ccproxy/shaping/packaged/{name}.json" for name in NAMES} <= set(names)
