"""Joins the namespaces of a process: `python enter.py PID UID GID (exec PROGRAM… | module NAME…)`.

A module runs in this very process and so keeps every capability that the namespaces' owner has; a program runs as UID
and has what that user has. Either dies with the process that started it.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Joins, and becomes what it is asked to be."""
    pid, uid, gid, kind, *arguments = sys.argv[1:]
    parent, folder = os.getppid(), os.getcwd()
    join(int(pid))
    if kind == "exec":
        become(int(uid), int(gid))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the test is gone")
    os.chdir(folder)
    if kind == "exec":
        os.execvp(arguments[0], arguments)
    sys.argv = arguments
    sys.path.insert(0, str(Path(__file__).parents[3]))
    runpy.run_module(arguments[0], run_name="__main__")


def join(pid: int) -> None:
    """Enters the network and mount namespaces of a process, and its user namespace first where that is another."""
    names = ["user", "net", "mnt"]
    if os.readlink("/proc/self/ns/user") == os.readlink(f"/proc/{pid}/ns/user"):
        names.remove("user")
    for fd in [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in names]:
        os.setns(fd)
        os.close(fd)


def become(uid: int, gid: int) -> None:
    """Becomes the user; nothing to do inside a user namespace, which has no other."""
    if os.getuid() != uid:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


if __name__ == "__main__":
    main()
