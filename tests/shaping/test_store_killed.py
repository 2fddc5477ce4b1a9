"""A writer that is killed leaves the old file or the new one."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO

from ccproxy.shaping.files import VERSIONS
from tests.shaping.made_up import shape, store_in

ROUNDS = 10
ROOT = Path(__file__).parents[2]


def killed_at_random(parent: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Has a writer begin, and kills it in the middle of whatever it does after some of its writes."""
    given, said = parent.stdin, parent.stdout
    assert given
    assert said
    given.write(b"write\n")
    pid = int(said.readline())
    wrote(said, chance.randint(1, 3))
    sum(range(chance.randrange(300_000)))  # for as long as that takes, up to some milliseconds
    os.kill(pid, signal.SIGKILL)
    said.readline()  # it is gone


def wrote(said: IO[bytes], count: int) -> None:
    assert [said.read(1) for _ in range(count)] == [b"."] * count


def test_kill_9_leaves_a_whole_file(tmp_path: Path) -> None:
    """W-SHAPE-9: the reference's writes are not atomic, and its file grows."""
    store, chance, last = store_in(tmp_path), random.Random(), 0.0
    command = [sys.executable, "-m", "tests.shaping.writer", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        for _ in range(ROUNDS):
            killed_at_random(parent, chance)
            path = store.path("anthropic")
            numbers = [each.provenance.captured or 0 for each in store.versions("anthropic")]
            assert numbers == [numbers[-1] - back for back in reversed(range(len(numbers)))]
            assert len(numbers) == min(VERSIONS, numbers[-1])
            assert numbers[-1] > last
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            last = numbers[-1]
    store.save(shape())
    assert list(store.directory.iterdir()) == [store.path("anthropic")]
