from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccproxy.auth import CredentialError
from ccproxy.auth.file_lock import FileLock
from ccproxy.auth.locking import holding
from ccproxy.auth.vendor_lock import STALE_SECONDS, FolderLock, claude_code, codex
from tests.auth.conftest import Run
from tests.auth.house import house

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock on a file until its stdin ends."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


def test_a_file_is_locked_for_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    first, second = FileLock(path), FileLock(path)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()
    second.release()
    with locked_elsewhere(path) as child:
        assert not first.take()
        child.kill()
        child.wait()
        assert first.take(), "the system gives it back when its holder dies"
    first.release()


def test_a_file_that_was_replaced_is_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    first, second = FileLock(path), FileLock(path)
    assert first.take()
    (tmp_path / "new").write_text("y")
    (tmp_path / "new").replace(path)
    assert second.take()
    assert not FileLock(path).take()
    for lock in (first, second):
        lock.release()


def test_where_there_is_nothing_to_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "none")
    assert lock.take()
    lock.release()
    folder = FolderLock(tmp_path / "none" / "x.lock")
    assert folder.take()
    folder.release()


def test_a_folder_is_locked_for_one(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    first, second = FolderLock(path), FolderLock(path)
    assert first.take()
    assert not second.take()
    second.release()
    assert path.is_dir(), "not his to remove"
    os.utime(path, (0, 0))
    first.touch()
    assert time.time() - path.stat().st_mtime < 60
    first.release()
    assert not path.exists()
    path.mkdir()
    os.utime(path, (time.time() - STALE_SECONDS - 5,) * 2)
    assert not second.take()
    assert second.take(), "one that lost its owner is taken over"
    second.release()


def test_a_folder_of_the_future_has_lost_its_owner_too(tmp_path: Path) -> None:
    """Whose it was crashed before the clock was set back. Nobody could refresh until it has caught up."""
    path, hour = tmp_path / "lock", 3600
    path.mkdir()
    os.utime(path, (time.time() + hour,) * 2)
    lock = FolderLock(path)
    assert not lock.take()
    assert lock.take()
    lock.release()
    assert not path.exists()


def test_a_folder_that_was_taken_over_is_not_taken_away(tmp_path: Path) -> None:
    """As when this machine, or this process, was asleep for longer than others wait."""
    path = tmp_path / "lock"
    slept = FolderLock(path)
    assert slept.take()
    path.rename(tmp_path / "gone")
    path.mkdir()
    os.utime(path, (0, 0))
    slept.touch()
    assert path.stat().st_mtime == 0
    slept.release()
    assert path.exists()


def test_the_vendors_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    file = tmp_path / "link" / ".credentials.json"
    assert [lock.path for lock in claude_code(file)] == [tmp_path / "real/.oauth_refresh.lock", tmp_path / "real.lock"]
    assert list(claude_code(tmp_path / "anthropic.json")) == []
    assert [lock.path.name for lock in codex(tmp_path / "auth.json")] == ["auth.lock", "auth.json.lock"]


def test_all_or_none_and_not_forever(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        busy = FolderLock(tmp_path / "b")
        assert busy.take()
        locks = [FolderLock(tmp_path / name) for name in "abc"]
        with pytest.raises(CredentialError, match=r"another program has kept .*/b locked for more than 0\.1 s"):
            async with holding(locks, 0.1):
                pytest.fail("it is not ours")
        assert os.listdir(tmp_path) == ["b"]
        busy.release()
        async with holding(locks, 5):
            assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]
        assert os.listdir(tmp_path) == []

    run(main())


def test_who_is_cancelled_leaves_no_lock(run: Run, tmp_path: Path) -> None:
    async def hold(lock: FolderLock) -> None:
        async with holding([lock], 5):
            await asyncio.sleep(60)

    async def main() -> None:
        for wait in (0.0, 0.001, 0.01):
            task = asyncio.create_task(hold(FolderLock(tmp_path / "x")))
            await asyncio.sleep(wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert os.listdir(tmp_path) == []

    run(main())


@pytest.mark.parametrize("lock", [".oauth_refresh.lock", "../.claude.lock"])
def test_claude_is_waited_for(run: Run, tmp_path: Path, lock: str) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            held = FolderLock(home.file.parent / lock)
            assert held.take()
            asked = asyncio.create_task(home.source().token())
            await asyncio.sleep(0.2)
            assert not asked.done()
            new = home.login()
            held.release()
            assert (await asked).token == new["access_token"], "what Claude has got"
            assert home.posts == 0

    run(main())


def test_another_of_us_is_waited_for(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, "google_oauth") as home:
            home.login(-5)
            source = home.source(knobs={"refresh_timeout_seconds": 0.3})
            with locked_elsewhere(home.file):
                with pytest.raises(CredentialError, match=r"oauth_creds\.json locked for more than 0\.3 s"):
                    await source.token()
                assert home.posts == 0
                valid = home.login(30)
                assert (await source.token()).token == valid["access_token"], "a valid one waits for nobody"

    run(main())
