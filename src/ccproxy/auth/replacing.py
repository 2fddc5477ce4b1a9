"""Replacing a file's content so that nobody ever reads half of it, and no power cut leaves none."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

IN_PLACE = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV})
"""Why a file cannot be replaced that may yet be written: it is a mount point, or its directory is read-only."""


class _NotOurs(OSError):
    """Another file would have another owner, or another group, who could not read it then."""


def replace_file(target: Path, data: bytes) -> None:
    """Another file takes its place, with its mode and its owner; a new one is for its owner only.

    Where none can, the content is overwritten; where that is impossible too, the owner changes. Raises OSError, and
    then it is as it was, unless the disk is full and it had to be overwritten.
    """
    try:
        _renamed(target, data)
    except OSError as error:
        if not isinstance(error, _NotOurs) and error.errno not in IN_PLACE:
            raise
        try:
            _overwrite(target, data)
        except PermissionError:
            if not isinstance(error, _NotOurs):
                raise
            _renamed(target, data, as_our_own=True)


def _renamed(target: Path, data: bytes, *, as_our_own: bool = False) -> None:
    """Writes beside it and renames, so that nobody ever reads half of it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            _take_after(target, descriptor, as_our_own=as_our_own)
            os.fsync(descriptor)
        os.rename(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def _take_after(target: Path, descriptor: int, *, as_our_own: bool) -> None:
    """Gives a new file the owner and the mode of the one whose place it takes. Raises _NotOurs where we may not."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return
    for uid, gid in ((-1, status.st_gid), (status.st_uid, -1)):
        try:
            os.fchown(descriptor, uid, gid)
        except OSError as error:  # EPERM, or EINVAL for an owner whom this container does not know
            if not as_our_own:
                raise _NotOurs(error.errno, error.strerror) from error
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _overwrite(target: Path, data: bytes) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    with open(descriptor, "wb") as stream:
        stream.write(data)
        stream.truncate()
        stream.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
