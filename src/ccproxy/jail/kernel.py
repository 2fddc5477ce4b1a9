"""System calls that Python has no function for. Each raises OSError with the name of what it was about."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_SLAVE = 4096, 16384, 1 << 19
"""<sys/mount.h>"""
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = (
    1,
    4,
    22,
    24,
    36,
    38,
)
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
"""<linux/prctl.h>"""
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522
"""<linux/capability.h>: two words for each of effective, permitted, inheritable."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _check(_LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), target)


def unmount(target: str) -> None:
    """Detaches a mount: what is bound from it elsewhere stays."""
    _check(_LIBC.umount2(os.fsencode(target), MNT_DETACH), target)


def prctl(option: int, *arguments: int) -> None:
    """prctl(2) with whole numbers."""
    rest = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _check(_LIBC.prctl(option, *rest), f"prctl {option}")


def die_with_parent() -> None:
    """The kernel kills this process when the thread that is its parent ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def own_proc_files() -> None:
    """Files in /proc/self belong to this process's user also after it was another one's (PR_SET_DUMPABLE)."""
    prctl(PR_SET_DUMPABLE, 1)


def adopt_orphans() -> None:
    """Descendants whose parent ends become children of this process."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def drop_capabilities(kept: frozenset[int], *, everything: bool) -> None:
    """No program that this process executes gets any but the `kept` capabilities. The process's own stay until it
    executes one, or go too (`everything`)."""
    for number in range(64):
        if number not in kept and not _drop(number):
            break
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    head, data = struct.pack("=Ii", CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    _check(_LIBC.capget(head, data), "capget")
    effective, permitted, _, effective_high, permitted_high, _ = struct.unpack("=6I", data.raw)
    rest = (0, 0, 0, 0, 0, 0) if everything else (effective, permitted, 0, effective_high, permitted_high, 0)
    _check(_LIBC.capset(head, struct.pack("=6I", *rest)), "capset")


def _drop(number: int) -> bool:
    """Whether the kernel knows the capability."""
    try:
        prctl(PR_CAPBSET_DROP, number)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        return False
    return True


def filter_system_calls(program: bytes) -> None:
    """Lets a BPF program decide about every further system call, of this process and all its descendants, which can
    also never again gain privileges by executing a file."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    holder = ctypes.create_string_buffer(head, len(head))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(holder))
