"""The dictionary that comes with ccproxy; an archive takes a copy of it when it is made and uses that."""

from __future__ import annotations


def packaged() -> bytes:
    """What requests, answers and records of all four formats have in common: keys, skeletons, names of fields."""
    from importlib.resources import files  # slow to load, and needed once in the life of an archive

    return files(__package__ or "").joinpath("dictionary.txt").read_bytes()
