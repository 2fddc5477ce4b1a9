"""The TUN device, through which everything leaves a jail."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterator

from ccproxy.jail.checks import trial
from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown
from ccproxy.jail.checks.settings import advice

PATH = "/dev/net/tun"
NUMBER = os.makedev(10, 200)  # Linux allocated devices, Documentation/admin-guide/devices.txt
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

NO_DEVICE = {errno.ENOENT: "tun_missing", errno.ENODEV: "tun_missing", errno.ENXIO: "tun_missing"}
CLOSED = {errno.EACCES: "tun_closed", errno.EPERM: "tun_closed"}


def present(house: House) -> Finding:
    """Whether the device is there, is the right one, and can be opened by this user."""
    try:
        status = os.stat(PATH)
    except OSError as error:
        return failed(f"{PATH}: {error.strerror}", house.fix(NO_DEVICE.get(error.errno or 0, "tun_missing")))
    mode = f"{stat.S_IMODE(status.st_mode):04o}"
    try:
        os.close(os.open(PATH, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        topic = (NO_DEVICE | CLOSED).get(error.errno or 0, "tun_wrong")
        return failed(f"{PATH} has mode {mode}: {error.strerror}", house.fix(topic))
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != NUMBER:
        return failed(f"{PATH} is something else", house.fix("tun_wrong"))
    return ok(f"{PATH} has mode {mode} and can be opened")


def works(house: House) -> Finding:
    """Whether an interface can be made with it, in a namespace of its own."""
    outcome = trial.attempt(interface_steps)
    if outcome.ok:
        return ok("an interface was made in a namespace")
    if outcome.step == OPENING:
        return unknown("not tried: the device cannot be opened")
    if outcome.step != MAKING or outcome.errno == errno.ENOTTY:
        return unknown(f"not tried: {outcome}")
    if outcome.errno in {errno.EPERM, errno.EACCES}:
        return failed(str(outcome), advice(house, outcome.errno))
    return failed(str(outcome), house.fix("tun_wrong"))


OPENING, MAKING = f"opening {PATH}", "making an interface (TUNSETIFF)"


def interface_steps() -> Iterator[str]:
    """Into a network namespace, and a TUN interface in it."""
    import fcntl

    yield OPENING
    os.close(os.open(PATH, os.O_RDWR | os.O_CLOEXEC))  # within, a user may have more rights than a command gets
    yield from trial.enter(os.CLONE_NEWNET)
    yield OPENING
    device = os.open(PATH, os.O_RDWR | os.O_CLOEXEC)
    yield MAKING
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))


CHECKS = (
    Check("tun_device", "TUN device", "The jail's only way out is an interface made with it.", present),
    Check("tun_interface", "TUN interface", "A user has to be able to make one in a namespace.", works),
)
