"""Runs a program where every user may open /dev/net/tun: `python tools/everybodys_tun.py PROGRAM…`.

The tests of the jail are for root and for an ordinary user. Where the device is root's alone, as in some containers,
root gets one of the same kind in a mount namespace that ends with the program; the machine's own stays as it is.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from pathlib import Path

DEVICE = Path("/dev/net/tun")
MS_REC, MS_PRIVATE = 16384, 1 << 18
EVERYBODY = 0o666


def main() -> None:
    """Runs the program in place of this one."""
    if os.getuid() == 0 and DEVICE.stat().st_mode & EVERYBODY != EVERYBODY:
        open_it()
    os.execvp(sys.argv[1], sys.argv[1:])


def open_it() -> None:
    """Puts another device in its place, for this process and its children. Raises OSError."""
    number = DEVICE.stat().st_rdev
    os.unshare(os.CLONE_NEWNS)
    mount("none", "/", MS_REC | MS_PRIVATE)
    mount("tmpfs", str(DEVICE.parent), 0, "tmpfs", "mode=755")
    os.mknod(DEVICE, stat.S_IFCHR | EVERYBODY, number)
    DEVICE.chmod(EVERYBODY)


def mount(source: str, target: str, flags: int, kind: str | None = None, data: str | None = None) -> None:
    """mount(2). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    texts = [text.encode() if text else None for text in (source, target, kind, data)]
    if libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


if __name__ == "__main__":
    main()
