"""Scenes about strict jails."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.jail.inmate.held import Held

KNOCK = """
import ctypes, errno, json, os, socket, sys
def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    if libc.syscall(*map(ctypes.c_long, numbers)) < 0:
        raise OSError(ctypes.get_errno(), "syscall")
doors = {path: tried(lambda: socket.socket(socket.AF_UNIX).connect(path)) for path in sys.argv[1:]}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_PACKET": 17, "AF_CAN": 29, "AF_BLUETOOTH": 31, "AF_ALG": 38,
            "AF_VSOCK": 40, "AF_XDP": 44}
families = {name: tried(lambda: socket.socket(number, socket.SOCK_DGRAM)) for name, number in FAMILIES.items()}
families["AF_NETLINK"] = tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
families["high bits"] = tried(lambda: call({"x86_64": 41, "aarch64": 198}[os.uname().machine], 1 << 32 | 40, 2, 0))
pair = tried(socket.socketpair)
calls = {"io_uring_setup": tried(lambda: call(425, 1, 0)), "x32": tried(lambda: call(0x40000029, 1, 1, 0))}
status = [line.split()[1] for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "Seccomp:"))]
print(json.dumps([doors, families, pair, calls, status, sorted(os.environ)]))
"""
VARIABLES = {
    "SSH_AUTH_SOCK": "{T}/agent.sock",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path={T}/bus,guid=1;unix:abstract=/tmp/x",
    "DOCKER_HOST": "unix://{T}/docker.sock",
    "XDG_RUNTIME_DIR": "{T}/runtime",
}
DOORS = (
    "agent.sock",
    "bus",
    "docker.sock",
    "runtime/wayland-0",
    "other socket",
    "/run/dbus/system_bus_socket",
    "/run/docker.sock",
    "/tmp/.X11-unix/X0",
)


def knock(strict: bool) -> dict[str, Any]:
    """Sockets of the host's at many paths, tried from inside; one of them nobody listens on any more in this network
    namespace, as it is with a container's."""
    environment = {name: value.format(T=os.getcwd()) for name, value in VARIABLES.items()}
    Path("runtime").mkdir()
    with ExitStack() as doors:
        for name in DOORS:
            door = doors.enter_context(socket.socket(socket.AF_UNIX))
            door.bind(str(Path(name).absolute()))
            door.listen()
        paths = [str(Path(name).absolute()) for name in DOORS]
        with Held(sys.executable, "-c", KNOCK, *paths, strict=strict) as held:
            end = held.go(environment=environment).end()
            assert end == {"kind": "Exited", "waitstatus": 0}, held.output
            found, families, pair, calls, status, names = json.loads(held.output)
    return {
        "doors": {name: found[path] for name, path in zip(DOORS, paths, strict=True)},
        "families": families,
        "pair": pair,
        "calls": calls,
        "status": status,
        "variables": sorted(set(names) & set(VARIABLES)),
    }
