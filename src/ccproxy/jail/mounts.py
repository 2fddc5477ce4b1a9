"""What a jail sees in place of the host's files. Everything is in memory and goes with the jail."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ccproxy.jail import kernel
from ccproxy.jail.errors import JailError

SCRATCH_PLACES = ("/proc/fs", "/proc/driver", "/mnt", "/tmp")  # noqa: S108 - mounted over for a moment
PLAIN = kernel.MS_NOSUID | kernel.MS_NODEV
PAGE = 4096
SPARE_BYTES = 16 << 20
"""For programs that write into a directory that is masked."""
OPEN, OWN = 0o755, 0o700


def fresh_proc() -> None:
    """Mounts the /proc of this process's pid namespace. Raises OSError where that is refused, as in containers."""
    kernel.mount("proc", "/proc", "proc", PLAIN | kernel.MS_NOEXEC)


class Furniture:
    """Hides directories and puts files, in this process's mount namespace. All raise OSError or JailError."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._size = sum(len(content) // PAGE + 2 for content in files.values()) * PAGE
        self._masked: list[str] = []
        self._scratch = next(place for place in SCRATCH_PLACES if Path(place).is_dir())
        self._count = 0

    def mask(self, directories: Iterable[str], mode: int = OWN) -> None:
        """Makes directories look empty; those that are not there, or are in one that is masked, are passed over."""
        for directory in sorted({os.path.realpath(each) for each in directories}, key=len):
            if os.path.isdir(directory):
                kernel.mount("ccproxy", directory, "tmpfs", PLAIN, f"mode={mode:o},size={SPARE_BYTES + self._size}")
                self._masked.append(directory)

    def put(self, covered: Iterable[str] = ()) -> None:
        """Puts the files in their places, and an empty one over each path of `covered`."""
        kernel.mount("ccproxy", self._scratch, "tmpfs", PLAIN, f"mode=755,size={self._size + 16 * PAGE}")
        try:
            for path, content in self._files.items():
                self._put(path, content)
            empty = self._made(b"")
            for path in covered:
                bind(empty, path)
        finally:
            kernel.unmount(self._scratch)

    def _put(self, path: str, content: bytes) -> None:
        place = os.path.realpath(path)
        if home := self._home(place):
            write(place, content, home)
        elif os.path.exists(place):
            bind(self._made(content), place)
        else:
            conjure(path, self._made(content))

    def _home(self, place: str) -> str | None:
        """The masked directory that a path is in."""
        return next((each for each in self._masked if place.startswith(each + "/")), None)

    def _made(self, content: bytes) -> str:
        self._count += 1
        path = Path(self._scratch, str(self._count))
        path.write_bytes(content)
        path.chmod(0o644)
        return str(path)


def write(place: str, content: bytes, home: str) -> None:
    """A file in a masked directory, which others than its owner may then look into, as programs of root's do that
    become somebody else."""
    os.chmod(home, OPEN)
    os.makedirs(os.path.dirname(place), mode=OPEN, exist_ok=True)
    Path(place).write_bytes(content)
    os.chmod(place, 0o644)


def bind(source: str, target: str) -> None:
    """Shows a file or directory, with all that is mounted in it, at another place."""
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)


def conjure(path: str, source: str) -> None:
    """Shows a file where there is none: over the link that leads nowhere, or in a copy of its directory."""
    if os.path.islink(path):
        try:
            return cover_link(path, source)
        except OSError:  # a kernel that mounts nothing over links
            pass
    directory, name = os.path.split(path)
    if not os.path.isdir(directory):
        raise JailError(f"{path} cannot be shown inside: there is no {directory}", f"mkdir {directory}")
    replant(os.path.realpath(directory), name, source)
    return None


def cover_link(path: str, source: str) -> None:
    """Mounts a file over a symbolic link itself, which is then no link any more."""
    link = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        bind(source, f"/proc/self/fd/{link}")
        Path(path).read_bytes()
    finally:
        os.close(link)


def replant(directory: str, name: str, source: str) -> None:
    """Replaces a directory by one in memory that has the same entries, and the file beside them."""
    before = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    file = os.open(source, os.O_PATH | os.O_CLOEXEC)
    try:
        old = f"/proc/self/fd/{before}"
        entries = [(entry.name, _kind(entry)) for entry in os.scandir(old) if entry.name != name]
        kernel.mount("ccproxy", directory, "tmpfs", PLAIN, f"mode=755,size={SPARE_BYTES}")
        for each, kind in entries:
            _transplant(f"{old}/{each}", f"{directory}/{each}", kind)
        Path(directory, name).touch()
        bind(f"/proc/self/fd/{file}", f"{directory}/{name}")
    finally:
        os.close(before)
        os.close(file)


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    return "directory" if entry.is_dir() else "file"


def _transplant(old: str, new: str, kind: str) -> None:
    if kind == "link":
        return os.symlink(os.readlink(old), new)
    if kind == "directory":
        os.mkdir(new)
    else:
        Path(new).touch()
    return bind(old, new)
