"""The end of a growing file, through rotation and truncation."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 65536
POLL_SECONDS = 0.1


class Tail:
    """Copies a file's end to `out`, then what is added."""

    def __init__(self, path: Path, out: BinaryIO) -> None:
        self.path = path
        self.out = out
        self.file: BinaryIO | None = None

    def print_last(self, lines: int | None) -> None:
        """Copy the last `lines` lines, or all of them for None. Raises OSError if the file cannot be opened."""
        self.file = self.path.open("rb")
        if lines is not None:
            self.file.seek(start_of_last(self.file, lines))
        self.copy(self.file)

    def follow(self) -> None:
        """Copy what is appended; a file replaced or truncated is read from its start. Ends only by an exception."""
        while True:
            if self.file is None or self.is_replaced(self.file):
                self.reopen()
            elif os.fstat(self.file.fileno()).st_size < self.file.tell():
                self.file.seek(0)
            if self.file is None or not self.copy(self.file):
                time.sleep(POLL_SECONDS)

    def copy(self, file: BinaryIO) -> bool:
        """Copy from the current position to the end. Returns whether there was anything."""
        copied = False
        while block := file.read(BLOCK_BYTES):
            self.out.write(block)
            copied = True
        if copied:
            self.out.flush()
        return copied

    def is_replaced(self, file: BinaryIO) -> bool:
        """True if the path names another file now; what is left of the old one is copied before."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False  # in the middle of a rotation: the old file may still grow
        mine = os.fstat(file.fileno())
        if (now.st_dev, now.st_ino) == (mine.st_dev, mine.st_ino):
            return False
        self.copy(file)
        return True

    def reopen(self) -> None:
        """Open what the path names now, from its start."""
        if self.file is not None:
            self.file.close()
        try:
            self.file = self.path.open("rb")
        except FileNotFoundError:
            self.file = None


def start_of_last(file: BinaryIO, lines: int) -> int:
    """The offset at which the last `lines` lines begin. Reads backwards, so the file's size does not matter."""
    position = end = file.seek(0, os.SEEK_END)
    if lines == 0:
        return end
    wanted = lines
    while position > 0:
        start = max(0, position - BLOCK_BYTES)
        file.seek(start)
        block = file.read(position - start)
        if position == end and block.endswith(b"\n"):
            wanted += 1  # the newline that ends the last line begins no other
        found = block.count(b"\n")
        if found >= wanted:
            return start + nth_last_newline(block, wanted) + 1
        wanted -= found
        position = start
    return 0


def nth_last_newline(block: bytes, number: int) -> int:
    """The index of the newline that is `number`th from the end."""
    index = len(block)
    for _ in range(number):
        index = block.rindex(b"\n", 0, index)
    return index
