"""Opening files that are files: a FIFO, a terminal or a device in their place would keep whoever reads it for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFDIR: "a directory"}
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_regular(path: Path) -> BinaryIO:
    """A regular file, links followed, opened for reading. Raises OSError, with its reason in words, for what is none.

    It does not wait for the other end of a FIFO (open(2), O_NONBLOCK).
    """
    descriptor = os.open(path, FLAGS)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it is {KINDS.get(kind, 'something')}, not a regular file", str(path))
    return open(descriptor, "rb")
