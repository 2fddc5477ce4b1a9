"""Namespaces, tried out: what the settings say need not be what happens."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator

from ccproxy.jail.checks import trial
from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown, warning
from ccproxy.jail.checks.settings import APPARMOR, advice, sysctl
from ccproxy.jail.fixes import CONTAINERS


def apparmor(house: House) -> Finding:
    """Ubuntu's switch: namespaces can be made, and are worth nothing. Whether a profile helps, the trial shows."""
    if sysctl(house, APPARMOR) not in {"1", "2"}:
        return ok("not restricted")
    outcome = trial.attempt(network_steps)
    told = f"{APPARMOR} is {sysctl(house, APPARMOR)}"
    if outcome.ok:
        return ok(f"{told}, but this program is excepted")
    return failed(f"{told}: programs without a profile get no rights in them", advice(house, outcome.errno))


def user(house: House) -> Finding:
    """A user namespace, and a right in it put to use."""
    outcome = trial.attempt(network_steps)
    if outcome.ok:
        return ok("a user and network namespace was made and used")
    return failed(f"{outcome}{MEANINGS.get(outcome.errno, '')}", advice(house, outcome.errno))


MEANINGS = {
    errno.ENOSPC: " (the limit is reached)",
    errno.EINVAL: " (the kernel was built without them)",
}


def mounts(house: House) -> Finding:
    """A mount namespace with a tmpfs, and a file of it mounted over another."""
    outcome = trial.attempt(mount_steps)
    if outcome.ok:
        return ok("a file was mounted over another")
    return failed(str(outcome), advice(house, outcome.errno))


def pids(house: House) -> Finding:
    """A pid namespace with a /proc of its own; containers that mask parts of /proc refuse the latter."""
    outcome = trial.attempt(pid_steps)
    if outcome.ok:
        return ok("processes can have a /proc of their own")
    if not trial.attempt(mount_steps).ok:
        return unknown(f"not tried: {outcome}")
    kind = house.distribution.container
    return warning(
        f"{outcome}: processes that a command leaves behind are ended by ccproxy, not by the kernel",
        CONTAINERS[kind] if kind else "mount nothing over parts of /proc",
    )


def network_steps() -> Iterator[str]:
    """Into a network namespace, and `lo` up."""
    yield from trial.enter(os.CLONE_NEWNET)
    yield "bringing an interface up"
    trial.loopback_up()


def mount_steps() -> Iterator[str]:
    """Into a mount namespace; nothing of it is seen outside."""
    from ccproxy.jail import kernel

    yield from trial.enter(os.CLONE_NEWNS)
    directory = tempfile.gettempdir()
    yield "making the mounts ours"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    yield "mounting a tmpfs"
    kernel.mount("ccproxy", directory, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)
    for name in ("over", "under"):
        with open(f"{directory}/{name}", "w"):
            pass
    yield "mounting a file over another"
    kernel.mount(f"{directory}/over", f"{directory}/under", None, kernel.MS_BIND)


def pid_steps() -> Iterator[str]:
    """Into a pid namespace, and a /proc for it, which only a process in it can mount."""
    from ccproxy.jail import kernel

    yield from trial.enter(os.CLONE_NEWNS | os.CLONE_NEWPID)
    yield "making the mounts ours"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    yield "mounting /proc"
    pid = os.fork()
    if pid == 0:
        os._exit(proc_mounted())
    if number := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(number, os.strerror(number))


def proc_mounted() -> int:
    """Mounts a /proc. The error's number, 0 if there was none."""
    from ccproxy.jail import kernel

    try:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


CHECKS = (
    Check("apparmor_userns", "AppArmor and namespaces", "Ubuntu takes the rights in a new namespace away.", apparmor),
    Check("user_namespace", "User and network namespace", "A jail has a network of its own.", user),
    Check("mount_namespace", "Mount namespace", "Resolver and certificates are mounted over the system's.", mounts),
    Check("pid_namespace", "Pid namespace", "It makes sure that nothing outlives the command.", pids),
)
