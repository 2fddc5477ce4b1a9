"""The dictionary that comes with ccproxy; an archive takes a copy of it when it is made and uses that."""

from __future__ import annotations

from importlib.resources import files


def packaged() -> bytes:
    """What requests, answers and records of all four formats have in common: keys, skeletons, names of fields."""
    return files(__package__ or "").joinpath("dictionary.txt").read_bytes()
