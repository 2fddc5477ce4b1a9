"""The directory of shapes: whether it can be written, before anything is done that only makes sense if it can."""

from __future__ import annotations

import os
from pathlib import Path

from ccproxy.shaping.shape import ShapeError

SETTING = "shaping.shapes_dir"


def require_writable(directory: Path) -> None:
    """Raises ShapeError for a directory of shapes that cannot be written, or made where it is not there yet."""
    there = next((each for each in (directory, *directory.parents) if os.path.lexists(each)), directory)
    if not there.is_dir():
        what = "is no directory" if there == directory else f"cannot be made: {there} is no directory"
        raise ShapeError(f"{directory} {what}", f"{SETTING} says where shapes are: name a directory")
    if not os.access(there, os.W_OK | os.X_OK):
        what = "cannot be written" if there == directory else f"cannot be made: {there} cannot be written"
        raise ShapeError(f"{directory} {what}", f"check who may write there, or name another in {SETTING}")
