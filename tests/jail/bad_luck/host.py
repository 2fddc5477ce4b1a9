"""Changes the host that a test has, until its input ends: `host no-ipv6`, `host resolvers LOG`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.outer.holder import MS_NOSUID, mount

SWITCH = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
SOCKETS = "nscd/socket", "systemd/resolve/io.systemd.Resolve", "avahi-daemon/socket"


def no_ipv6() -> Callable[[], None]:
    """Switches IPv6 off. Its addresses and routes are gone for good."""
    SWITCH.write_text("1")
    return lambda: None


def resolvers(log: str) -> Callable[[], None]:
    """Listeners where resolvers of other systems are asked; who asks is written down."""
    mount("run", "/run", MS_NOSUID, "tmpfs", "mode=755")
    for name in SOCKETS:
        path = Path("/run", name)
        path.parent.mkdir(parents=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o777)
        listener.listen()
        threading.Thread(target=note, args=(listener, name, Path(log)), daemon=True).start()
    return lambda: unmount("/run")


def note(listener: socket.socket, name: str, log: Path) -> None:
    """Takes connections, and closes them."""
    while True:
        connection, _ = listener.accept()
        with connection, log.open("a") as file:
            file.write(f"{name}\n")
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def unmount(path: str) -> None:
    """umount2(2), lazily."""
    ctypes.CDLL(None).umount2(os.fsencode(path), 2)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    undo = no_ipv6() if what == "no-ipv6" else resolvers(*arguments)
    print("ready", flush=True)
    sys.stdin.read()
    undo()
