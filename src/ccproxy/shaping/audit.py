"""What should be in no file of shapes: secrets, ids and content, in every flow of every file, and in patches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccproxy.config.shaping import ShapeProfile
from ccproxy.flows.json_bytes import parsed
from ccproxy.shaping.auditing.flows import flow_leaks
from ccproxy.shaping.auditing.messages import Leak
from ccproxy.shaping.auditing.patches import patch_leaks
from ccproxy.shaping.auditing.values import leaks
from ccproxy.shaping.reducing.ids import UUID
from ccproxy.shaping.reducing.secrets import secret_in
from ccproxy.shaping.regular import open_regular
from ccproxy.shaping.shape import ShapeError, capture_command
from ccproxy.shaping.store import ShapeStore

ID = re.compile(rf"{UUID.pattern}|[0-9a-fA-F]{{32,}}")
MEND = "delete that file, or have it mended by whoever gave it to you"
"""What to do about what is none of the user's own."""


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


def audit_directory(directory: Path, profiles: Mapping[str, ShapeProfile], *, own: bool = True) -> list[Finding]:
    """What is found in all files of a directory of shapes, in their order.

    Args:
        directory: has the files.
        profiles: say what in a request is content, by the name of the file.
        own: whether it is that of the user's own shapes, which `ccproxy shapes remove` deletes.

    Raises:
        ShapeError: there is none, or it or a file in it may not be read.
    """
    files, patches = files_in(directory)
    found: list[Finding] = []
    try:
        for path in files:
            found += audit_file(path, profiles.get(path.stem), own=own)
        for path in patches:
            found += _patch(path, own=own)
    except OSError as error:
        raise _unreadable(directory, error) from error
    told = {each.file for each in found if each.where == "file"}
    return found + list(_unusable(directory, profiles, told, own=own))


def files_in(directory: Path) -> tuple[list[Path], list[Path]]:
    """The files of shapes in a directory; then the patches, and the series that name them. Raises ShapeError."""
    try:
        with os.scandir(directory) as entries:
            queues = [each.path for each in entries if each.is_dir()]
        for queue in queues:
            os.scandir(queue).close()  # glob passes over what may not be read
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ShapeError(f"there is no directory {directory}", "name another, or capture a shape first") from error
    except OSError as error:
        raise _unreadable(directory, error) from error
    files = sorted({*directory.glob("*.mflow"), *directory.glob("*.json")})
    return files, sorted({*directory.glob("*/*.patch"), *directory.glob("*/series")})


def _unreadable(directory: Path, error: OSError) -> ShapeError:
    why = f"{error.filename or directory} cannot be read: {error.strerror or error}"
    return ShapeError(why, "check it and who may read it")


def audit_file(path: Path, profile: ShapeProfile | None, *, own: bool = True) -> list[Finding]:
    """What is found in one `.mflow` file, or in one packaged `.json`. Raises OSError."""
    fix = f"run: ccproxy shapes remove {path.stem}, then: {capture_command(path.stem)}" if own else MEND
    if path.suffix == ".json":
        packaged = ((None, leak) for leak in _packaged(path.read_bytes()))
        return _findings(path, packaged, "take it out of the file: names and structure are enough")
    return _findings(path, flow_leaks(path, profile), fix)


def _findings(path: Path, found: Iterable[tuple[int | None, Leak]], fix: str) -> list[Finding]:
    return [Finding(path, flow, leak.where, leak.what, fix) for flow, leak in dict.fromkeys(found)]


def _packaged(data: bytes) -> Iterator[Leak]:
    """It is everybody's: no id belongs in it either."""
    try:
        yield from leaks(parsed(data), "")
    except ValueError as error:
        yield Leak("file", f"it is not JSON: {error}")
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if ID.search(line):
            yield Leak(f"line {number}", "an id of one session, request, account or machine")


def _patch(path: Path, *, own: bool) -> list[Finding]:
    with open_regular(path) as file:
        text = file.read().decode("utf-8", "replace")
    if path.name == "series":
        lines = enumerate(text.split("\n"), 1)
        found = [Leak(f"series:{number}", kind) for number, line in lines if (kind := secret_in(line))]
    else:
        found = list(patch_leaks(path.name, text))
    instead = f"run: ccproxy shapes remove {path.parent.name} --patches" if own else "delete that file"
    fix = f"take it out of the patch, or {instead}"
    return _findings(path, [(None, leak) for leak in found], fix)


def _unusable(
    directory: Path, profiles: Mapping[str, ShapeProfile], told: set[Path], *, own: bool
) -> Iterator[Finding]:
    """What the store says of files and patches that cannot be used, where nothing is said of them yet."""
    store = ShapeStore(directory, profiles)
    for name, error in store.problems().items():
        queue = store.queue(name) / "series"
        path, where = (queue, "series") if queue.exists() else (store.path(name), "file")
        if store.path(name) not in told:
            yield Finding(path, None, where, error.message, error.fix if own else MEND)
