"""Writing a credential: where a link leads, over what may be written over, and into nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ccproxy.auth import Credential, CredentialError
from ccproxy.auth.storing import store

TOKEN = Credential("T")


def test_new_folders_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = store(tmp_path / "a" / "b" / "key", TOKEN)
    finally:
        os.umask(before)
    assert file.read_bytes() == b"T\n"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/key")
    assert store(tmp_path / "link", TOKEN) == (tmp_path / "there" / "key").resolve()
    assert os.readlink(tmp_path / "link") == "there/key"
    assert (tmp_path / "there" / "key").read_bytes() == b"T\n"


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    for path, message in {
        tmp_path: "is not a regular file",
        tmp_path / "pipe": "is not a regular file",
        tmp_path / "file" / "key": "cannot be written: Not a directory",
    }.items():
        with pytest.raises(CredentialError, match=message):
            store(path, TOKEN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]
