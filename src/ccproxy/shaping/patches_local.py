"""The patch that `ccproxy shapes save` writes: what makes a captured shape of the base. It copies nothing of the base
but the three lines around a change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ccproxy.flows.files import private_file
from ccproxy.shaping.patches import SERIES, Patch, apply_patches, diff_text, listed, text_of
from ccproxy.shaping.shape import ShapeError

LOCAL = "0001-local-shape.patch"
HEAD = "# "
"""With it begin the lines of a patch that say where it comes from: a name, a colon, a JSON value."""


def head(facts: Mapping[str, Any]) -> str:
    """What the first lines of a patch say of it, by name; what is None is left out."""
    told = {name: value for name, value in facts.items() if value is not None}
    return "".join(f"{HEAD}{name}: {json.dumps(value)}\n" for name, value in told.items())


def told(patch: Patch, name: str) -> object:
    """What the head of a patch says under a name; None if it does not."""
    for line in patch.text.partition("\n--- ")[0].split("\n"):
        if line.startswith(f"{HEAD}{name}: "):
            with suppress(ValueError, RecursionError):
                return json.loads(line.partition(": ")[2])
    return None


def save_local(directory: Path, base: str, captured: str, facts: Mapping[str, Any]) -> Path | None:
    """Writes the patch that makes `captured` of `base`, and names it in the series; None if there is nothing to do.

    Where it is in the series already, it keeps its place, and the patches after it have to fit. Raises OSError, and
    ShapeError where they do not.
    """
    before, place, after = _queue(directory)
    below = apply_patches(base, before)
    place = replace(place, text=diff_text(below, captured, head(facts)))
    if not place.text:
        _take_out(directory)
        return None
    _fits(captured, after, apply_patches(below, [place]))
    directory.mkdir(mode=0o700, exist_ok=True)
    _write(place.path, place.text)
    _put_in(directory)
    return place.path


def _queue(directory: Path) -> tuple[list[Patch], Patch, list[Patch]]:
    """The patches before it, its own place, and the patches after it. Its own text may be gone or broken."""
    entries, local = listed(directory), directory / LOCAL
    at = next((at for at, (path, _) in enumerate(entries) if path == local.resolve()), None)
    if at is None:
        return [], Patch(local, ""), _read(entries)
    return _read(entries[:at]), Patch(local, "", entries[at][1]), _read(entries[at + 1 :])


def _read(entries: list[tuple[Path, int]]) -> list[Patch]:
    return [Patch(path, text_of(path), strip) for path, strip in entries]


def _fits(captured: str, after: list[Patch], made: str) -> None:
    if made != captured:
        raise ShapeError(f"{LOCAL} would not make the captured shape of its base", "save it as a file, with --mflow")
    try:
        apply_patches(captured, after)
    except ShapeError as error:
        what = f"a patch after {LOCAL} would no longer fit: {error.message}"
        raise ShapeError(what, f"take it out of the {SERIES} first") from error


def _put_in(directory: Path) -> None:
    if not any(path.name == LOCAL for path, _ in listed(directory)):
        _write(directory / SERIES, f"{LOCAL}\n{_series(directory)}")


def _take_out(directory: Path) -> None:
    """Out of the series first: a patch that is named and not there would be an error."""
    local = (directory / LOCAL).resolve()
    if any(path == local for path, _ in listed(directory)):
        lines = _series(directory).splitlines(keepends=True)
        _write(directory / SERIES, "".join(line for line in lines if LOCAL not in line))
        local.unlink(missing_ok=True)


def _series(directory: Path) -> str:
    try:
        return text_of(directory / SERIES)
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():  # private_file would wait for whoever reads it
        raise ShapeError(f"{path} is no file", "remove it")
    with private_file(path) as file:
        file.write(text.encode())
