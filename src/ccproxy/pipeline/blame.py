"""What is the matter with somebody's code, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import dropwhile
from pathlib import Path
from traceback import FrameSummary, extract_tb

from ccproxy.config.errors import Place

MOST_SAID = 300
"""Characters of somebody else's error that are repeated."""


def told(error: BaseException) -> str:
    """An exception in one line."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    line = " ".join(f"{type(error).__name__}: {message}".split()).removesuffix(":")
    return line if len(line) <= MOST_SAID else f"{line[:MOST_SAID]}…"


def last_line(error: BaseException, home: Path | None = None) -> Place | None:
    """The last line of the code in `home`, a directory or a file, that had a part in the error; None if there is none.

    Without a `home` it is the package of the first module that was being loaded.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or None, error.offset or None)
    frames: Iterable[FrameSummary] = extract_tb(error.__traceback__)
    if home is None:
        frames = dropwhile(lambda frame: frame.name != "<module>", frames)
    last = _last(frames, home)
    return Place(last.filename, last.lineno, None if last.colno is None else last.colno + 1) if last else None


def _last(frames: Iterable[FrameSummary], home: Path | None) -> FrameSummary | None:
    last = None
    for frame in frames:
        home = home or _home(Path(frame.filename))
        last = frame if Path(frame.filename).is_relative_to(home) else last
    return last


def _home(file: Path) -> Path:
    """A module's neighbours: its whole package, or for one that stands alone itself."""
    packages = list(_packages(file))
    return packages[-1] if packages else file


def _packages(file: Path) -> Iterator[Path]:
    for directory in file.parents:
        if not (directory / "__init__.py").is_file():
            return
        yield directory
