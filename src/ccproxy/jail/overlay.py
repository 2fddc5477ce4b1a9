"""New files in directories of the host, seen inside the jail only.

A directory gets a read-only overlay (https://docs.kernel.org/filesystems/overlayfs.html) of a scratch directory and
itself. Kernels from 5.11 on allow that in a user namespace; where it is not allowed the files are not there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

type Mount = Callable[[str, str, str, int, str], None]
"""mount(2): source, target, type, flags, data. Raises OSError."""
MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4


def lay_over(files: Mapping[str, bytes], scratch: str, mount: Mount) -> list[str]:
    """Makes the files, absolute paths in directories that exist. `scratch` is a directory of ours, best on a tmpfs; it
    may be unmounted afterwards, but lazily. Returns the directories where it was refused."""
    folders: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        folder, name = os.path.split(path)
        folders.setdefault(folder, {})[name] = content
    return [
        folder
        for number, (folder, own) in enumerate(folders.items())
        if not _laid(folder, own, f"{scratch}/over{number}", mount)
    ]


def _laid(folder: str, files: Mapping[str, bytes], upper: str, mount: Mount) -> bool:
    try:
        os.mkdir(upper, 0o755)
        for name, content in files.items():
            with open(os.path.join(upper, name), "wb") as file:
                file.write(content)
        mount(
            "overlay",
            folder,
            "overlay",
            MS_RDONLY | MS_NOSUID | MS_NODEV,
            f"lowerdir={_escaped(upper)}:{_escaped(folder)}",
        )
    except OSError:
        return False
    return True


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
