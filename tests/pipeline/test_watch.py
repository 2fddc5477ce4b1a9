"""Changes of a directory are seen, in whichever way editors and people make them."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from ccproxy.pipeline.watch import Picture, picture, watch

type Change = Callable[[Path], object]


@asynccontextmanager
async def watched(
    directory: Path, known: Picture | None = None, pause: float = 0.05
) -> AsyncIterator[asyncio.Queue[None]]:
    """A queue that gets an item for each call. What is changed from here on is seen, however late the watch begins."""
    known = picture(directory) if known is None else known
    calls: asyncio.Queue[None] = asyncio.Queue()

    async def changed() -> None:
        calls.put_nowait(None)

    task = asyncio.create_task(watch(directory, changed, known, pause))
    try:
        yield calls
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()


def run(scene: object) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene)  # type: ignore[arg-type]


def save_atomically(directory: Path) -> None:
    """As vim, and most others: a new file takes the place of the old one."""
    (directory / ".a.py.swp").write_text("x = 2\n")
    (directory / ".a.py.swp").rename(directory / "a.py")


def save_with_backup(directory: Path) -> None:
    """As emacs: the old file is moved away, a new one is written."""
    (directory / "a.py").rename(directory / "a.py~")
    (directory / "a.py").write_text("x = 2\n")


def same_size_and_time(directory: Path) -> None:
    status = (directory / "a.py").stat()
    (directory / "a.py").write_text("x = 9\n")
    os.utime(directory / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))


def a_package(directory: Path) -> None:
    """One that was made elsewhere."""
    made = directory.parent / "made"
    made.mkdir()
    (made / "__init__.py").write_text("")
    made.rename(directory / "package")


def another_directory(directory: Path) -> None:
    shutil.copytree(directory, directory.parent / "other")
    (directory.parent / "other" / "a.py").write_text("x = 3\n")
    directory.rename(directory.parent / "former")
    (directory.parent / "other").rename(directory)


def through_a_link(directory: Path) -> None:
    (directory.parent / "linked.py").write_text("x = 3\n")


CHANGES: list[Change] = [
    lambda directory: (directory / "a.py").write_text("x = 2\n"),
    lambda directory: (directory / "b.py").write_text(""),
    lambda directory: (directory / "_b.py").write_text(""),
    lambda directory: (directory / "a.py").unlink(),
    lambda directory: (directory / "a.py").rename(directory / "b.py"),
    lambda directory: (directory / "a.py").rename(directory.parent / "b.py"),
    lambda directory: (directory / "a.py").chmod(0o600),
    lambda directory: directory.chmod(0o775),
    lambda directory: (directory / "inside" / "c.py").write_text("x = 2\n"),
    shutil.rmtree,
    lambda directory: directory.rename(directory.parent / "away"),
    save_atomically,
    save_with_backup,
    same_size_and_time,
    a_package,
    another_directory,
    through_a_link,
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "hooks"
    (made / "inside").mkdir(parents=True)
    (made / "inside" / "__init__.py").write_text("")
    (made / "inside" / "c.py").write_text("x = 1\n")
    (made / "a.py").write_text("x = 1\n")
    (tmp_path / "linked.py").write_text("x = 1\n")
    (made / "linked.py").symlink_to("../linked.py")
    return made


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_a_change_is_seen(directory: Path, change: Change) -> None:
    async def scene() -> None:
        async with watched(directory) as calls:
            change(directory)
            await calls.get()

    run(scene())


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_so_is_the_next_one_and_one_before_the_watch_began(directory: Path, change: Change) -> None:
    async def scene() -> None:
        known = picture(directory)
        (directory / "a.py").write_text("x = 'before'\n")
        async with watched(directory, known=known) as calls:
            await calls.get()
            change(directory)
            await calls.get()
            write_again(directory)
            await calls.get()

    run(scene())


def write_again(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "last.py").write_text("")


NOTIFIED = [*CHANGES[:7], CHANGES[8], save_atomically, save_with_backup, same_size_and_time]


@pytest.mark.parametrize("change", NOTIFIED, ids=range(len(NOTIFIED)))
def test_what_the_system_tells_of_is_seen_without_looking(directory: Path, change: Change) -> None:
    async def scene() -> None:
        known = picture(directory)
        (directory / "a.py").write_text("x = 'before'\n")
        async with watched(directory, known, pause=3600) as calls:
            await calls.get()  # from now on it listens
            change(directory)
            await calls.get()

    run(scene())


def test_a_directory_that_comes_later_and_comes_again(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "yet"

    async def scene() -> None:
        async with watched(directory) as calls:
            for _ in range(2):
                directory.mkdir(parents=True)
                await calls.get()
                (directory / "a.py").write_text("")
                await calls.get()
                shutil.rmtree(directory.parent)
                await calls.get()

    run(scene())


def test_many_changes_at_once_are_one(directory: Path) -> None:
    async def scene() -> None:
        async with watched(directory) as calls:
            (directory / "a.py").write_text("x = 'ready?'\n")
            await calls.get()
            for number in range(200):
                (directory / f"a{number}.py").write_text("")
            await calls.get()
            (directory / "a.py").unlink()
            await calls.get()
            assert calls.qsize() < 10

    run(scene())


def test_a_call_that_fails_is_logged_and_the_next_one_comes(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        calls: asyncio.Queue[None] = asyncio.Queue()

        async def changed() -> None:
            calls.put_nowait(None)
            raise LookupError("not found")

        task = asyncio.create_task(watch(directory, changed, picture(directory), pause=0.05))
        for number in range(2):
            (directory / f"{number}.py").write_text("")
            await calls.get()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(scene())
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["not found"] * 2


def test_where_nothing_can_be_watched_it_is_looked_at(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system's limit of watches is one for all programs, so here the directory is one that cannot have any."""
    monkeypatch.setattr("watchfiles.awatch", no_watch)

    async def scene() -> None:
        async with watched(directory) as calls:
            for number in range(3):
                (directory / f"{number}.py").write_text("")
                await calls.get()

    run(scene())
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [f"changes in {directory} are seen late, they cannot be watched: OS file watch limit reached"]


async def no_watch(*_: object, **__: object) -> AsyncIterator[set[object]]:
    raise OSError("OS file watch limit reached")
    yield set()


def test_what_is_no_source_does_not_count(directory: Path) -> None:
    before = picture(directory)
    for name in ("a.txt", "a.pyc", ".a.py", "a.py~", ".#a.py"):
        (directory / name).write_text("")
    for folder in ("__pycache__", "plain", ".git"):
        (directory / folder).mkdir()
    (directory / "__pycache__" / "a.cpython-313.pyc").write_bytes(b"")
    (directory / "inside" / "notes.txt").write_text("")
    assert picture(directory) == before
    assert picture(directory / "nothing") == {}
