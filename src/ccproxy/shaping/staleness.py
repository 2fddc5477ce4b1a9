"""Whether the client that a shape came from is installed in a newer version now. No program is run to find out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ccproxy.shaping.shape import Provenance, is_newer, version_key

LEVELS = 4
"""How many directories above a program may hold the package.json (npm) of the package that it is part of."""
LARGEST = 1_000_000
"""Bytes of a package.json that is looked at."""
VERSION = re.compile(r"v?\d+(\.\d+){1,3}([-+].*)?", re.ASCII)
COMMANDS = {
    "claude-cli": "claude",
    "codex_exec": "codex",
    "codex_cli_rs": "codex",
    "codex-tui": "codex",
    "geminicli": "gemini",
    "geminicli-tui": "gemini",
}
"""Products in User-Agents whose version is that of their package, with the command that the package installs."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A client as it is installed now."""

    program: Path
    """The file that its command runs, links resolved."""
    version: str | None
    """None where it is not written beside the program: then it is the file that is newer."""

    def __str__(self) -> str:
        return f"{self.version} is installed" if self.version else f"{self.program} has changed since"


def newer_installed(provenance: Provenance) -> Installed | None:
    """The client of a shape, if another version is installed that comes after it; None where that cannot be told.

    Reads one package.json at most; takes well below a millisecond.
    """
    program = program_of(provenance)
    if program is None:
        return None
    version, known = installed_version(program), provenance.program_version
    if known is None and provenance.program is None:
        known = provenance.version
    if version is not None and known is not None:
        return Installed(program, version) if is_newer(version, known) else None
    return Installed(program, version) if is_later(program, provenance) else None


def program_of(provenance: Provenance) -> Path | None:
    """The file that the client's command runs now, links resolved; None if it is not known or not there."""
    kept = Path(provenance.program) if provenance.program else None
    names = [kept.name if kept else "", COMMANDS.get(provenance.client or "", "")]
    command = next((found for name in names if name and (found := shutil.which(name))), None)
    try:
        if command is not None:
            return Path(command).resolve(strict=True)
        return newest_beside(kept) or kept.resolve(strict=True) if kept else None
    except (OSError, RuntimeError):
        return None


def newest_beside(program: Path) -> Path | None:
    """The newest of `.../versions/*`, where a program is or was in one of them: it is kept under its resolved name."""
    versions = next((each.parent for each in (program, *program.parents) if each.parent.name == "versions"), None)
    try:
        there = [each for each in versions.iterdir() if VERSION.fullmatch(each.name)] if versions else []
    except OSError:
        return None
    return max(there, key=lambda each: version_key(each.name.removeprefix("v")), default=None)


def installed_version(program: Path) -> str | None:
    """The version of the package that a program (links resolved) is part of: that of the nearest package.json, or the
    directory or file below `versions` that it is in. None if neither is there."""
    packages = (package_version(above / "package.json") for above in islice(program.parents, LEVELS))
    return next((version for version in (*packages, *in_path(program)) if version), None)


def package_version(file: Path) -> str | None:
    """The `version` of a package.json; None if there is none, or it says nothing (https://docs.npmjs.com)."""
    try:
        with file.open("rb") as source:
            value = json.loads(source.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    version = value.get("version") if isinstance(value, dict) else None
    return version if isinstance(version, str) and VERSION.fullmatch(version) else None


def in_path(program: Path) -> Iterator[str]:
    """Versions that the path itself has: the name of the file, and what is directly below `versions`."""
    for each in (program, *program.parents):
        if VERSION.fullmatch(each.name) and (each is program or each.parent.name == "versions"):
            yield each.name.removeprefix("v")


def is_later(program: Path, provenance: Provenance) -> bool:
    """Whether a program was changed after the shape was captured from it."""
    if provenance.captured is None or provenance.program is None:
        return False
    try:
        return program.stat().st_mtime > provenance.captured
    except OSError:
        return False
