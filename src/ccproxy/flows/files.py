"""Files of flows: written for their owner only and whole or not at all; told apart by what is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

type Kind = Literal["har", "mflow"]

KINDS: dict[str, Kind] = {".har": "har", ".json": "har", ".mflow": "mflow", ".mitm": "mflow", ".flow": "mflow"}
"""What a file's name says."""
MARK = b"\xef\xbb\xbf"
"""Some programs begin their HAR with it."""


class FlowFileError(ValueError):
    """A file that holds no flows that can be read, or not all of them: the message says which part is wrong."""


def kind_by_name(path: Path) -> Kind | None:
    """What the name promises; None if it promises nothing."""
    return KINDS.get(path.suffix.lower())


def kind_of(path: Path) -> Kind:
    """What a file holds, by its first bytes. Raises OSError, and FlowFileError if it is neither."""
    with path.open("rb") as file:
        first = file.read(64).removeprefix(MARK).lstrip()
    if first[:1] == b"{":
        return "har"
    if first[:1].isdigit() and b":" in first[:13]:  # a tnetstring: https://tnetstrings.info
        return "mflow"
    raise FlowFileError("it is neither a HAR file, which begins with {, nor a flow file of mitmproxy")


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, 0600; it has its name only when all of it is written. What is no file (a terminal, a pipe,
    /dev/null) is written to as it is. Raises OSError."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)  # or a power cut may leave the new name without what was written
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
