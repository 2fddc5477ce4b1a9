from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccproxy.jail import trust
from ccproxy.jail.bundles import joined, named_by, read, system_bundles
from tests.support.tls import Authority

PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


def test_the_ca_is_first_everywhere_and_the_rest_is_untouched(authority: Authority, tmp_path: Path) -> None:
    ca = authority.ca_file.read_bytes()
    made = trust.files(ca, tmp_path, {})
    for path, content in system_bundles().items():
        assert made[path].startswith(ca)
        assert made[path].endswith(content)
    assert made[str(tmp_path / trust.CA)] == made[str(tmp_path / trust.EXTRA)] == ca


def test_every_file_has_a_directory_and_is_no_link(authority: Authority, tmp_path: Path) -> None:
    for path in trust.files(authority.ca_file.read_bytes(), tmp_path, {}):
        assert path == os.path.realpath(path)
        assert Path(path).parent.is_dir()


def test_each_bundle_is_in_it_once_and_ends_its_line(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for file in (first, second):
        file.write_bytes(PEM)
    assert joined(named_by([str(first), None, "", str(second), str(first)])) == PEM + b"\n"


@pytest.mark.timeout(10)
def test_what_is_no_bundle_counts_for_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "empty").touch()
    for name in ("pipe", "binary", "empty", "missing", "\0"):
        assert read(f"{tmp_path}/{name}") == b""
    assert list(named_by([str(tmp_path), str(tmp_path / "pipe"), "/proc/self/mem"])) == []


def test_what_is_larger_than_any_bundle_counts_for_nothing(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.write(PEM)
        file.truncate(1 << 40)
    assert read(str(tmp_path / "large")) == b""
