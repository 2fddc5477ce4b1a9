"""Runs a command where there is no network but loopback: `python tools/loopback.py COMMAND [ARGUMENT…]`.

The command gets a network namespace of its own (Linux), so what it starts can reach what it started, and nothing else.
Without root a user namespace comes with it, in which the command keeps its user id. Exit status: the command's; 125 if
the namespace could not be made.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
INTERFACE_REQUEST = "16sh14x"


def isolate() -> None:
    """Move this process to a new network namespace with `lo` up. Raises OSError where the system forbids it."""
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWNET if uid == 0 else os.CLONE_NEWUSER | os.CLONE_NEWNET)
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack(INTERFACE_REQUEST, b"lo", IFF_UP))


def main() -> None:
    """Isolate, then become the command."""
    if len(sys.argv) < 2:
        sys.exit("usage: python tools/loopback.py COMMAND [ARGUMENT...]")
    try:
        isolate()
    except (AttributeError, OSError) as error:
        print(f"cannot make a network namespace: {error}", file=sys.stderr)
        sys.exit(125)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
