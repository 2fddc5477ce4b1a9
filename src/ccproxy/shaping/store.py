"""Where shapes are kept: `NAME.mflow`, whose last flow counts, and `NAME/series` with patches on it.

Beneath them are the names that come with ccproxy (`packaged/NAME.json`): a base for patches, and never a shape by
themselves. Nothing is remembered here: files may be edited, and whoever needs a shape often keeps it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ccproxy.config.shaping import ShapeProfile
from ccproxy.shaping.files import FINGERPRINT, PROVENANCE, Version, read_versions, readable_versions
from ccproxy.shaping.files_written import write_versions
from ccproxy.shaping.member_order import in_order_of, members_of
from ccproxy.shaping.patches import SERIES, Patch, apply_patches, read_series
from ccproxy.shaping.patches_local import save_local, told
from ccproxy.shaping.place import require_writable
from ccproxy.shaping.provenance import from_map, to_map, told_by
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import Shape, ShapeError
from ccproxy.shaping.store_lock import only_writer, sweep
from ccproxy.shaping.structures import filled, none_yet, packaged, packaged_names
from ccproxy.shaping.virtual import checked, from_text, to_text

NAME = re.compile(r"(?!.*\.mflow$)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
SUFFIX = ".mflow"
MEMBERS = "ccproxy.members"
"""What the head of a patch has of the body: the order of its members, which shape.json sorts."""


class ShapeStore:
    """The shapes of one directory, for the profiles of a configuration."""

    def __init__(self, directory: Path, profiles: Mapping[str, ShapeProfile]) -> None:
        self.directory, self.profiles = directory, profiles

    def names(self) -> list[str]:
        """All names for which there is a file, patches or a packaged base; sorted."""
        return sorted({*self._own(), *packaged_names()})

    def path(self, name: str) -> Path:
        """The flow file of a name, whether it is there or not. Raises ShapeError for what cannot be one."""
        if not NAME.fullmatch(name):
            allowed = "letters, digits, '-', '_' and '.', at most 64, the first a letter or digit"
            raise ShapeError(f"{name!r} cannot be the name of a shape", allowed)
        return self.directory / f"{name}{SUFFIX}"

    def queue(self, name: str) -> Path:
        """The directory of its patches. Raises ShapeError."""
        return self.path(name).with_suffix("")

    def base(self, name: str) -> Shape | None:
        """What patches are for: the last flow of the user's file, else the packaged names (source `packaged`).

        None if there is neither. Raises ShapeError for a file that cannot be used.
        """
        versions = self.versions(name)
        return versions[-1] if versions else packaged(name)

    def pick(self, name: str) -> Shape:
        """The shape that is in force: the base with all patches. Raises ShapeError, also where there is none yet."""
        base = self.base(name)
        with _way_out(name):
            queue = read_series(self.queue(name))
        if base is None and queue:
            raise ShapeError(f"there are patches for {name!r} in {self.queue(name)}, but nothing that they are for")
        if base is None or (base.provenance.source == "packaged" and not queue):
            raise none_yet(name)
        with _way_out(name):
            return self._patched(base, queue) if queue else base

    def versions(self, name: str) -> list[Shape]:
        """The shapes in the user's file, oldest first, without patches; none without a file. Raises ShapeError."""
        return [version.shape for version in self._read(name)]

    def fingerprint(self, name: str) -> Mapping[str, Any] | None:
        """How the client spoke TLS, by the last patch or flow that says it; None if none does. Raises ShapeError."""
        said = [_told(read_series(self.queue(name)), FINGERPRINT)]
        said += [version.fingerprint for version in reversed(self._read(name))]
        return next((each for each in said if isinstance(each, Mapping)), None)

    def require_writable(self, name: str) -> None:
        """Raises ShapeError where a shape of that name could not be saved."""
        path = self.path(name)
        require_writable(self.directory)
        with suppress(FileNotFoundError):
            readable_versions(path, name, self._profile(name))

    def save(self, shape: Shape, fingerprint: Mapping[str, Any] | None = None) -> Path:
        """Puts a shape at the end of its file, which then counts, and drops the oldest. Raises ShapeError.

        Versions that cannot be read are dropped too, so that a damaged file is mended by a new capture.
        """
        path, version = self.path(shape.profile), Version(checked(shape), fingerprint)
        with only_writer(self.directory):
            sweep(self.directory)
            try:
                kept = readable_versions(path, shape.profile, self._profile(shape.profile))
            except FileNotFoundError:
                kept = []
            write_versions(path, [*kept, version])
        return path

    def save_patch(self, name: str, captured: Shape, fingerprint: Mapping[str, Any] | None = None) -> Path | None:
        """Writes what makes a captured shape of the base as a patch; None if the base says the same. Raises ShapeError.

        Nothing of a packaged base is copied: where it changes, the patch fails by its context and is named.
        """
        base = self.base(name)
        if base is None:
            raise ShapeError(
                f"there is nothing that a patch for {name!r} could be for", "save it as a file, with --mflow"
            )
        text = to_text(checked(captured))
        facts = {
            PROVENANCE: to_map(captured.provenance),
            MEMBERS: members_of(captured.body),
            FINGERPRINT: dict(fingerprint) if fingerprint else None,
        }
        with only_writer(self.directory):
            sweep(self.queue(name))
            return save_local(self.queue(name), to_text(base), text, facts)

    def remove(self, name: str, *, only_patches: bool = False) -> list[Path]:
        """Deletes the file and the patches of a name, and gives what it deleted. Raises ShapeError."""
        path, queue = self.path(name), self.queue(name)
        if not self.directory.is_dir():
            return []
        with only_writer(self.directory):
            sweep(queue)
            captures = () if only_patches else (path,)
            there = [each for each in (*captures, *sorted(queue.glob("*.patch")), queue / SERIES) if _exists(each)]
            for each in there:
                each.unlink()
            with suppress(OSError):  # the user has more in it
                queue.rmdir()
        return there

    def problems(self) -> dict[str, ShapeError]:
        """What is wrong with the user's own files, by name: those that cannot be used, for whatever reason."""
        return {name: error for name in self._own() if (error := self._problem(name))}

    def _problem(self, name: str) -> ShapeError | None:
        try:
            self.pick(name)
        except ShapeError as error:
            return error
        return None

    def _own(self) -> list[str]:
        """The names that the user has files for."""
        found = {path.stem for path in self.directory.glob(f"*{SUFFIX}")}
        found |= {path.parent.name for path in self.directory.glob(f"*/{SERIES}")}
        return sorted(name for name in found if NAME.fullmatch(name))

    def _profile(self, name: str) -> ShapeProfile:
        return self.profiles.get(name) or ShapeProfile()

    def _read(self, name: str) -> list[Version]:
        try:
            return read_versions(self.path(name), name, self._profile(name))
        except FileNotFoundError:
            return []

    def _patched(self, base: Shape, queue: list[Patch]) -> Shape:
        name, source = base.profile, base.provenance
        try:
            shape = from_text(apply_patches(to_text(base), queue), name, source)
        except ShapeError as error:
            raise ShapeError(f"the patches of {name!r} leave no shape: {error.message}", error.fix) from error
        members, said = _told(queue, MEMBERS), _told(queue, PROVENANCE)
        shape = replace(shape, body=in_order_of(members or base.body, shape.body))
        if said is not None:
            source = from_map(said)
        elif source.source == "packaged":
            shape = filled(shape)
            source = told_by(shape.headers)
        url, headers, body = reduce(shape.method, shape.url, shape.headers, shape.body, self._profile(name))
        return Shape(name, shape.method, url, headers, body, source)


@contextmanager
def _way_out(name: str) -> Iterator[None]:
    """Errors of patches say how to be rid of these, and that the base can be looked at."""
    try:
        yield
    except ShapeError as error:
        without = f"without the patches: ccproxy shapes remove {name} --patches"
        told = f"{error.fix}; {without}" if error.fix else without
        raise ShapeError(error.message, f"{told}; what they are for: ccproxy shapes show {name} --base") from error


def _told(queue: list[Patch], fact: str) -> object:
    """What the last patch says that says it."""
    return next((found for patch in reversed(queue) if (found := told(patch, fact)) is not None), None)


def _exists(path: Path) -> bool:
    return os.path.lexists(path) and (path.is_symlink() or not path.is_dir())
