"""Temporary directories that nobody holds any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ccproxy.cli.demo.leavings import own_directory, sweep

PREFIX = "made-up-"
HOLDER = """
import sys
from pathlib import Path
from ccproxy.cli.demo.leavings import own_directory
print(own_directory(Path(sys.argv[1]), "made-up-")[0], flush=True)
sys.stdin.read()
"""


def test_it_is_kept_while_its_process_lives_and_removed_after(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        path = Path(holder.stdout.readline().strip())
        (path / "file").write_text("of it")
        sweep(tmp_path, PREFIX)
        assert (path / "file").exists()
        holder.kill()
    mine, descriptor = own_directory(tmp_path, PREFIX)
    os.close(descriptor)
    assert list(tmp_path.iterdir()) == [mine]


def test_what_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}open").mkdir(mode=0o755)
    (tmp_path / f"{PREFIX}file").write_text("")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)
    (tmp_path / "other").mkdir(mode=0o700)
    before = set(tmp_path.iterdir())
    sweep(tmp_path, PREFIX)
    assert set(tmp_path.iterdir()) == before
