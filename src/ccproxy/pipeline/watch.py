"""Watches a directory of Python files, which need not exist yet, and says when they change."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

logger = logging.getLogger(__name__)

PAUSE = 2.0
"""Seconds between looks at what no notification tells of: links to files elsewhere, a directory that is replaced or
made, network file systems."""
QUIET = 100
"""Milliseconds without a change that end a burst."""
MOST_LOOKS = 20
"""Then it is taken as it is, though it changes all the time."""

type Picture = dict[str, tuple[int, ...]]
"""What the files look like from outside: by path what changes when they change."""


async def watch(
    directory: Path,
    changed: Callable[[], Awaitable[object]],
    known: Picture | None = None,
    pause: float = PAUSE,
) -> None:
    """Calls `changed` after each burst of changes to the directory's Python files. Ends only by being cancelled.

    Args:
        directory: need not exist; it may come, go, and be replaced.
        changed: what it raises is logged.
        known: the picture of the directory at the time when its files were read; None means now.
        pause: seconds between looks.
    """
    known = await asyncio.to_thread(picture, directory) if known is None else known
    complaint = ""
    while True:
        try:
            async with aclosing(_wakings(directory, pause)) as wakings:
                async for told in wakings:
                    now = await _settled(directory, known)
                    if told or now != known:
                        known = now
                        await _tell(changed)
        except Exception as error:  # noqa: BLE001  watching goes on
            if complaint != str(error):
                complaint = str(error)
                logger.warning("changes in %s are seen late, they cannot be watched: %s", directory, error)
        await asyncio.sleep(pause)


async def _settled(directory: Path, known: Picture) -> Picture:
    """The picture once it is the known one, or has been the same twice: a file that is being written is not read."""
    now = await asyncio.to_thread(picture, directory)
    for _ in range(MOST_LOOKS):
        if now == known:
            break
        await asyncio.sleep(QUIET / 1000)
        known, now = now, await asyncio.to_thread(picture, directory)
    return now


def picture(directory: Path) -> Picture:
    """What the directory's Python files look like from outside; empty if it does not exist."""
    return {path: look for path in _sources(directory) if (look := _look(path))}


def _sources(directory: Path) -> Iterator[str]:
    """The directory itself, its Python files, and the packages in it with theirs."""
    yield str(directory)
    with suppress(OSError):
        for path in directory.iterdir():
            if _is_source(path.name):
                yield str(path)
            elif os.path.isfile(path / "__init__.py"):
                yield from _in_package(path)


def _in_package(package: Path) -> Iterator[str]:
    for folder, _, files in os.walk(package):
        yield folder
        yield from (os.path.join(folder, name) for name in files if _is_source(name))


def _look(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    facts = (status.st_dev, status.st_ino, status.st_mode, status.st_uid)
    return facts if os.path.isdir(path) else (*facts, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _is_source(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(".")


async def _wakings(directory: Path, pause: float) -> AsyncGenerator[bool]:
    """Now and then a word to look again: True where a change is sure. Ends where the watched directory is gone."""
    here = _look(str(directory))
    yield False
    if here is None:
        return
    from watchfiles import awatch  # 30 ms, behind the start

    limit = int(pause * 1000)
    async for changes in awatch(
        directory, watch_filter=_is_change_of_source, step=QUIET, rust_timeout=limit, yield_on_timeout=True
    ):
        yield bool(changes)
        if _look(str(directory)) != here:
            return


def _is_change_of_source(_: Change, path: str) -> bool:
    return _is_source(os.path.basename(path))


async def _tell(changed: Callable[[], Awaitable[object]]) -> None:
    try:
        await changed()
    except Exception:
        logger.exception("changes of hooks were not taken up")
