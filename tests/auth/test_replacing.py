"""Replacing a file: who owns it, and what is left of the attempt."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccproxy.auth.replacing import replace_file

ORDINARY, ANOTHER = 12345, 23456


@contextmanager
def shared_folder(mode: int) -> Iterator[Path]:
    """A file with another owner and a mode, in a folder of ours, as far as this process may make such a thing."""
    with tempfile.TemporaryDirectory(prefix="ccproxy-") as name:
        file = Path(name, "login.json")
        file.write_text("old")
        file.chmod(mode)
        if os.getuid() == 0:
            os.chown(file, ANOTHER, ANOTHER)
            os.chown(name, ORDINARY, ORDINARY)
            os.seteuid(ORDINARY)
        try:
            yield file
        finally:
            os.seteuid(os.getuid())


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o777])
def test_the_owner_stays_where_the_file_can_be_written(mode: int) -> None:
    """Or its owner could not read it any more, and would have to log in again."""
    with shared_folder(mode) as file:
        before = file.stat()
        replace_file(file, b"new")
        after = file.stat()
        assert file.read_bytes() == b"new"
        assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (before.st_uid, before.st_gid, mode)
        assert os.listdir(file.parent) == ["login.json"]


def test_the_content_counts_more_than_the_owner() -> None:
    with shared_folder(0o444) as file:
        replace_file(file, b"new")
        assert file.read_bytes() == b"new"
        assert stat.S_IMODE(file.stat().st_mode) == 0o444
        assert os.listdir(file.parent) == ["login.json"]
