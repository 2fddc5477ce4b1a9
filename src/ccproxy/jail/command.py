"""The command itself: forked, stripped of every right, executed."""

from __future__ import annotations

import errno
import marshal
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ccproxy.jail import kernel
from ccproxy.jail.errors import NOT_EXECUTABLE, NOT_FOUND, JailError
from ccproxy.jail.inherited import Inherited

KEPT_CAPABILITIES = frozenset((0, 1, 2, 3, 4, 5, 6, 7, 10, 13, 14, 15, 18, 23, 24, 28, 31))
"""What root may have inside: CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, KILL, SETGID, SETUID,
NET_BIND_SERVICE, NET_RAW, IPC_LOCK, IPC_OWNER, SYS_CHROOT, SYS_NICE, SYS_RESOURCE, LEASE, SETFCAP.
<linux/capability.h>. Nothing with which devices, routes, mounts or other processes can be changed."""
SHELL = "/bin/sh"
HEAD_BYTES = 80


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and how. `program` is a filter of system calls, empty for none."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    inherited: Inherited
    program: bytes = b""
    die_with_parent: bool = False

    def start(self, tell: Callable[[], None], *kept: int) -> int:
        """Runs it in a child and returns its pid; the child calls `tell` first, for which the descriptors `kept` stay
        open until then. Raises JailError if it cannot be executed."""
        read, write = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        pid = os.fork()
        if pid == 0:
            self._become(tell, write, kept)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write)
        with os.fdopen(read, "rb") as file:
            failure = file.read()
        if failure:
            os.waitpid(pid, 0)
            raise JailError(*marshal.loads(failure))  # noqa: S302 - from our own fork
        return pid

    def _become(self, tell: Callable[[], None], failing: int, kept: Sequence[int]) -> NoReturn:
        try:
            tell()
            self.inherited.close_others(failing, *kept)
            self._execute()
        except JailError as error:
            os.write(failing, marshal.dumps((str(error), error.fix, error.status)))
        except Exception as error:  # noqa: BLE001 - whatever it is, a second copy of this process must not go on
            os.write(failing, marshal.dumps((f"the command could not be started: {error}", "", NOT_EXECUTABLE)))
        finally:
            os._exit(NOT_EXECUTABLE)

    def _execute(self) -> None:
        if self.die_with_parent:
            kernel.die_with_parent()
        kernel.drop_capabilities(KEPT_CAPABILITIES, everything=os.geteuid() != 0)
        if self.program:
            kernel.filter_system_calls(self.program)
        self.inherited.restore_signals()
        name = self.arguments[0]
        if not name:
            raise refusal(name, None, FileNotFoundError())
        try:
            os.execvpe(name, list(self.arguments), self.environment)  # noqa: S606
        except OSError as error:
            path = find(name, self.environment)
            if path and error.errno == errno.ENOEXEC and is_text(path):
                os.execve(SHELL, [SHELL, path, *self.arguments[1:]], self.environment)  # noqa: S606
            raise refusal(name, path, error) from error


def find(name: str, environment: Mapping[str, str]) -> str | None:
    """The file that a name stands for, whether or not it can be executed."""
    if "/" in name:
        return name if os.path.exists(name) else None
    places = (os.path.join(each, name) for each in os.get_exec_path(environment))
    found = [place for place in places if os.path.exists(place)]
    return next((place for place in found if os.access(place, os.X_OK)), found[0] if found else None)


def is_text(path: str) -> bool:
    """Whether a file could be a script without a first line that says so, which shells run and execvp(3) does."""
    try:
        with open(path, "rb") as file:
            return b"\0" not in file.read(HEAD_BYTES)
    except OSError:
        return False


def refusal(name: str, path: str | None, error: OSError) -> JailError:
    """The error for a file that the kernel does not execute, or that is not there (None)."""
    if path is None:
        advice = "is the path right?" if "/" in name else "is it installed, and is its directory in PATH?"
        return JailError(f"{name or "''"}: command not found", advice, NOT_FOUND)
    message, fix = _reason(path, error)
    return JailError(f"{name}: {message}", fix, NOT_EXECUTABLE)


def _reason(path: str, error: OSError) -> tuple[str, str]:
    if os.path.isdir(path):
        return "is a directory", "name a program"
    if error.errno == errno.EACCES:
        return "is not executable", f"chmod +x {path}"
    if error.errno == errno.ENOENT:
        return "its interpreter is not there", f"look at the first line of {path}"
    if error.errno == errno.ENOEXEC:
        return "is no program for this machine", f"file {path} tells what it is"
    if error.errno == errno.E2BIG:
        return "its arguments and environment are too long", "give it less of them"
    return os.strerror(error.errno or 0), ""
