"""Runs a program in an environment with something broken in it: `python broken.py BREAKAGE… -- PROGRAM…`.

The breakage is inside namespaces of its own, so that any user can make it and nothing of it is seen outside. The
program runs as a user who is not root there, with no capability (execve(2) drops them), and with no network but lo.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
import tempfile
from pathlib import Path

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
USER = 1000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # linux/seccomp.h: SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
NUMBERS = {"x86_64": {"mount": 165, "unshare": 272, "ioctl": 16}, "aarch64": {"mount": 40, "unshare": 97, "ioctl": 29}}
SIOCSIFFLAGS, TUNSETIFF = 0x8914, 0x400454CA
EPERM, EACCES = 1, 13

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Breaks, and runs."""
    end = sys.argv.index("--")
    breakages, program = sys.argv[1:end], sys.argv[end + 1 :]
    enter(0, os.CLONE_NEWNS | os.CLONE_NEWNET)
    mount("none", "/", MS_REC | MS_PRIVATE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", 1))
    for name in breakages:
        BREAKAGES[name]()
    if "no_userns" not in breakages:
        enter(USER, 0)
    for name in breakages:
        FILTERS.get(name, lambda: None)()
    os.execvp(program[0], program)


def enter(uid: int, flags: int) -> None:
    """A user namespace in which one is `uid`, and more."""
    outside = (os.getuid(), os.getgid())
    os.unshare(os.CLONE_NEWUSER | flags)
    Path("/proc/self/setgroups").write_text("deny")
    for name, own in zip(("uid_map", "gid_map"), outside, strict=True):
        Path(f"/proc/self/{name}").write_text(f"{uid} {own} 1")


def mount(source: str, target: str, flags: int, kind: str | None = None) -> None:
    """mount(2). Raises OSError."""
    if libc.mount(source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def over(target: str, content: str = "", mode: int = 0o644) -> None:
    """Puts a file in a file's place."""
    path = Path(tempfile.mkdtemp(dir="/dev/shm"), "file")
    path.write_text(content)
    path.chmod(mode)
    mount(str(path), target, MS_BIND)
    path.unlink()
    path.parent.rmdir()


def no_userns() -> None:
    """No further user namespace may be made, and the settings say so."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def userns_used_up() -> None:
    """No further user namespace may be made after the next, and the settings do not say so."""
    Path("/proc/sys/user/max_user_namespaces").write_text("1")


def tun_missing() -> None:
    """An empty directory in place of that of the device."""
    mount("tmpfs", "/dev/net", 0, "tmpfs")


def tun_closed() -> None:
    """A device that belongs to root and is for root only."""
    over("/dev/net/tun", mode=0)


def tun_wrong() -> None:
    """Something else under the device's name."""
    mount("/dev/null", "/dev/net/tun", MS_BIND)


def resolver_dangling() -> None:
    """A link that leads nowhere, as systemd-resolved leaves it when it is removed; the rest of /etc as it is."""
    etc = etc_of_our_own()
    (etc / "resolv.conf").unlink(missing_ok=True)
    (etc / "resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")


def resolver_missing() -> None:
    """No /etc/resolv.conf at all."""
    (etc_of_our_own() / "resolv.conf").unlink(missing_ok=True)


def etc_of_our_own() -> Path:
    """A tmpfs over /etc with links to what is there."""
    mount("tmpfs", "/dev/shm", 0, "tmpfs")
    mount("/etc", "/dev/shm", MS_BIND | MS_REC)
    mount("tmpfs", "/etc", 0, "tmpfs")
    below = Path("/etc/.below")
    below.mkdir()
    mount("/dev/shm", str(below), MS_BIND | MS_REC)
    for entry in list(below.iterdir()):
        (Path("/etc") / entry.name).symlink_to(f".below/{entry.name}")
    return Path("/etc")


def ubuntu() -> None:
    """The setting of Ubuntu 24.04; what its AppArmor then refuses is `refuse_capabilities`."""
    kernel = Path("/proc/sys/kernel")
    settings = {name: (kernel / name).read_text() for name in ("osrelease", "pid_max", "ngroups_max", "cap_last_cap")}
    mount("tmpfs", str(kernel), 0, "tmpfs")
    for name, value in {**settings, "apparmor_restrict_unprivileged_userns": "1\n"}.items():
        (kernel / name).write_text(value)


def refuse_capabilities() -> None:
    """Namespaces can be made, and nothing done in them: what needs a capability is refused."""
    numbers = NUMBERS[os.uname().machine]
    install(
        [
            (LOAD, 0, 0, 0),  # the call's number
            (EQUAL, 0, 1, numbers["mount"]),
            (RETURN, 0, 0, REFUSE | EACCES),
            (EQUAL, 0, 4, numbers["ioctl"]),
            (LOAD, 0, 0, 24),  # the lower half of its second argument
            (EQUAL, 1, 0, SIOCSIFFLAGS),
            (EQUAL, 0, 1, TUNSETIFF),
            (RETURN, 0, 0, REFUSE | EPERM),
            (RETURN, 0, 0, ALLOW),
        ]
    )


def refuse_unshare() -> None:
    """As Docker's default filter: no namespace can be made."""
    numbers = NUMBERS[os.uname().machine]
    install([(LOAD, 0, 0, 0), (EQUAL, 0, 1, numbers["unshare"]), (RETURN, 0, 0, REFUSE | EPERM), (RETURN, 0, 0, ALLOW)])


def install(instructions: list[tuple[int, int, int, int]]) -> None:
    """A filter of system calls for this process and all that comes of it (seccomp(2))."""
    code = b"".join(struct.pack("=HBBI", kind, yes, no, value) for kind, yes, no, value in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(buffer)))
    for option, first, second in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, 2, ctypes.addressof(program))):
        if libc.prctl(option, *map(ctypes.c_ulong, (first, second, 0, 0))):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def nothing() -> None:
    """All well."""


BREAKAGES = {
    "nothing": nothing,
    "no_userns": no_userns,
    "userns_used_up": userns_used_up,
    "tun_missing": tun_missing,
    "tun_closed": tun_closed,
    "tun_wrong": tun_wrong,
    "resolver_dangling": resolver_dangling,
    "resolver_missing": resolver_missing,
    "ubuntu": ubuntu,
    "ubuntu_with_profile": ubuntu,
    "docker_seccomp": nothing,
}
FILTERS = {"ubuntu": refuse_capabilities, "docker_seccomp": refuse_unshare}
"""What is broken last, because it could not be done behind it."""

if __name__ == "__main__":
    main()
