"""Secrets in shape files: in every flow of every file, wherever in it they stand, and in patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccproxy.config.shaping import ShapeProfile


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file of shapes that should not be there."""

    file: Path
    flow: int | None
    """The number of the flow in the file, from 1; None for patches, and for a file that cannot be read."""
    where: str
    """Such as `headers.x-api-key`, `body.metadata.token`, `query.key`, `patch 0001-local-shape.patch:12`."""
    what: str
    """Its kind. A secret is never told: at most its first four characters."""
    fix: str
    """What to do."""


def audit_directory(directory: Path, profiles: Mapping[str, ShapeProfile]) -> list[Finding]:
    """What is found in all files of a directory of shapes, in their order. Raises ShapeError if there is none."""
    return []


def audit_file(path: Path, profile: ShapeProfile | None) -> list[Finding]:
    """What is found in one `.mflow` file, or in one packaged `.json`."""
    return []
