"""Looks around in a jail and tries to get out; prints what came of each try as JSON. Run inside as a program."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccproxy.jail import kernel, netlink

PTRACE_ATTACH = 16


def outcome(attempt: Callable[[], Any]) -> str:
    """ "done", or the name of the error."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def connect(family: int, address: Any) -> None:
    """A stream connection. Raises OSError."""
    with socket.socket(family) as sock:
        sock.settimeout(3)
        sock.connect(address)


def attach(pid: int) -> None:
    """ptrace(2). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    os.kill(pid, signal.SIGCONT)


def tries(port: int, name: str, host: int, namespace: int) -> dict[str, Callable[[], Any]]:
    """What a program would do that wants out."""
    tun = socket.if_nametoindex("tun0")
    rt = netlink.Netlink()
    return {
        "host loopback": lambda: connect(socket.AF_INET, ("127.0.0.1", port)),
        "abstract socket": lambda: connect(socket.AF_UNIX, f"\0{name}"),
        "setns": lambda: os.setns(namespace),
        "setns of init": lambda: os.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY)),
        "ptrace a host process": lambda: attach(host),
        "ptrace the init": lambda: attach(1),
        "kill a host process": lambda: os.kill(host, 0),
        "read the init's memory": lambda: os.open("/proc/1/mem", os.O_RDONLY),
        "the init's root": lambda: os.listdir("/proc/1/root"),
        "mount": lambda: kernel.mount("none", "/mnt", "tmpfs"),
        "unmount": lambda: kernel.unmount("/etc/resolv.conf"),
        "link down": lambda: rt.ask(netlink.RTM_NEWLINK, netlink.struct.pack("=BxHiII", 0, 0, tun, 0, netlink.IFF_UP)),
        "address": lambda: rt.address(tun, "10.9.9.9"),
        "route": lambda: rt.default_route(tun, socket.AF_INET),
        "own device": lambda: open_device("tun7"),
        "the jail's device": lambda: open_device("tun0"),
    }


def open_device(name: str) -> None:
    """TUNSETIFF. Raises OSError."""
    import fcntl
    import struct

    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))


def look(port: str, name: str, host: str, namespace: str, *directories: str) -> dict[str, Any]:
    """Everything that a test asks about."""
    fds = {int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")}
    attempts = tries(int(port), name, int(host), int(namespace))
    status = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    return {
        "tries": {name: outcome(attempt) for name, attempt in attempts.items()},
        "status": fields,
        "uid": os.getuid(),
        "gid": os.getgid(),
        "directories": {each: sorted(os.listdir(each)) for each in directories},
        "modes": {each: os.stat(each).st_mode & 0o777 for each in directories},
        "interfaces": sorted(name for _, name in socket.if_nameindex()),
        "fds": sorted(fds),
        "cwd": os.getcwd(),
        "processes": sorted(int(each) for each in os.listdir("/proc") if each.isdigit()),
        "resolv": Path("/etc/resolv.conf").read_text(),
        "switch": [line for line in Path("/etc/nsswitch.conf").read_text().splitlines() if line.startswith("hosts")],
        "ping": Path("/proc/sys/net/ipv4/ping_group_range").read_text().split(),
        "no ipv6 on loopback": outcome(lambda: socket.create_server(("::1", 0), family=socket.AF_INET6)),
    }


if __name__ == "__main__":
    print(json.dumps(look(*sys.argv[1:])))
