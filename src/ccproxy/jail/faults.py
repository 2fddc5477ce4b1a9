"""Why a jail could not be set up: a system call's error as a sentence, and what to do about it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ccproxy.jail.errors import JailError

DENIED = {errno.EPERM, errno.EACCES}
FULL = {errno.ENOSPC, errno.EUSERS}
SENSIBLE_LIMIT = 15000
LIMIT, CLONE = "user.max_user_namespaces", "kernel.unprivileged_userns_clone"
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the kernel's settings say; None for one that it does not have."""

    limit: int | None = None
    clone: int | None = None
    apparmor: int | None = None
    filtered: bool = False
    """Whether a seccomp filter is in force."""

    @classmethod
    def read(cls) -> Facts:
        """Those of this system."""
        status = _text("/proc/self/status")
        return cls(_setting(LIMIT), _setting(CLONE), _setting(APPARMOR), filtered="Seccomp:\t2" in status)


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _setting(name: str) -> int | None:
    text = _text(f"/proc/sys/{name.replace('.', '/')}").strip()
    return int(text) if text.isdigit() else None


@dataclass(frozen=True, slots=True)
class Fault:
    """Holds for some steps (all, if there are none) and errors if the facts agree."""

    steps: tuple[str, ...]
    errors: set[int]
    message: str
    topic: str
    """Of `fixes`; or the advice itself."""
    holds: Callable[[Facts], bool] = lambda facts: True
    name: str = ""
    value: int = 0


NAMESPACE = ("unshare", "map", "mount", "device", "net")
SWITCHED_OFF = "user namespaces are switched off ({name} is {value})"
FAULTS = (
    Fault(("tun",), {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR}, "/dev/net/tun is missing", "tun_missing"),
    Fault(("tun",), DENIED, "/dev/net/tun may not be opened by this user", "tun_closed"),
    Fault(("device",), {errno.ENOTTY, errno.EINVAL}, "/dev/net/tun is not the device it should be", "tun_wrong"),
    Fault(("unshare",), FULL, SWITCHED_OFF, "sysctl", lambda facts: facts.limit == 0, LIMIT, SENSIBLE_LIMIT),
    Fault(
        ("unshare",),
        FULL,
        "no further namespaces may be made",
        "end some jails or containers, or raise the limits in /proc/sys/user",
    ),
    Fault(("unshare",), DENIED, SWITCHED_OFF, "sysctl", lambda facts: facts.clone == 0, CLONE, 1),
    Fault(
        NAMESPACE,
        DENIED,
        "AppArmor takes every right from user namespaces here",
        "apparmor",
        lambda facts: facts.apparmor in {1, 2},
    ),
    Fault(NAMESPACE, DENIED, "a seccomp filter refuses user namespaces", "container", lambda facts: facts.filtered),
    Fault(
        NAMESPACE,
        DENIED,
        "user namespaces are refused to this process",
        "run ccproxy outside of the chroot or sandbox it is in",
    ),
    Fault(
        ("unshare",),
        {errno.EINVAL, errno.ENOSYS},
        "this kernel has no user namespaces",
        "use a kernel with CONFIG_USER_NS and CONFIG_NET_NS",
    ),
    Fault(
        ("files",),
        {errno.ENOSPC, errno.ENOMEM},
        "there is no memory left for the jail's own files",
        "end some programs",
    ),
    Fault(("files",), DENIED, "a file could not be mounted over: {path}", "ccproxy namespace doctor says more"),
)
ANY = Fault((), set(), "the jail could not be set up ({step}): {error}", "ccproxy namespace doctor says more")


def explain(step: str, error: OSError, facts: Facts | None = None) -> JailError:
    """The error for people; `step` is where in the set-up it came up."""
    facts = facts or Facts.read()
    fault = next((each for each in FAULTS if _is(each, step, error, facts)), ANY)
    values = {"name": fault.name, "value": 0, "step": step, "path": error.filename, "error": _words(error)}
    return JailError(fault.message.format_map(values), _fix(fault))


def _is(fault: Fault, step: str, error: OSError, facts: Facts) -> bool:
    return step in fault.steps and error.errno in fault.errors and fault.holds(facts)


def _words(error: OSError) -> str:
    what = os.strerror(error.errno or 0)
    return f"{error.filename}: {what}" if error.filename else what


def _fix(fault: Fault) -> str:
    if " " in fault.topic:
        return fault.topic
    from ccproxy.jail import fixes
    from ccproxy.jail.distribution import Distribution

    here = Distribution.read()
    if fault.topic == "container":
        return fixes.CONTAINERS[here.container or "other"]
    return fixes.fix(fault.topic, here, name=fault.name, value=fault.value, python=os.path.realpath(sys.executable))
