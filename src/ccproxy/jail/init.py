"""The first process of a jail: sets up what its programs see, runs the command, and ends everything else with it."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ccproxy.jail import family, faults, kernel, linger, mounts, netlink, resolver, seccomp, strict, tun
from ccproxy.jail.channel import Channel, unsealed
from ccproxy.jail.command import Command
from ccproxy.jail.errors import JailError
from ccproxy.jail.inherited import Inherited
from ccproxy.jail.ticket import ADDRESS6

FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS, signal.SIGABRT}
STOPPING = {signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE, signal.SIGXFSZ}
NOTED = signal.valid_signals() - FAULTS - STOPPING - {signal.SIGKILL, signal.SIGSTOP}
"""Ignored, but noted: what came to the whole process group has come to the command too."""
SAME_SECONDS = 10.0
"""A signal that is to be forwarded so soon after it came here is the same one."""
BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Orders:
    """What "go" says."""

    files: Mapping[str, bytes]
    environment: Mapping[str, str]
    masked: tuple[str, ...]
    ipv6: bool
    strict: bool
    listening: tuple[str, ...]
    """Paths of the host's sockets, for a strict jail."""


@dataclass(frozen=True, slots=True)
class Seed:
    """What a jail's processes know from the start. `own_pids`: whether they number themselves."""

    command: tuple[str, ...]
    inherited: Inherited
    channel: Channel
    requests: Channel
    own_pids: bool


class Init:
    """Runs until the command has ended or the holder is gone."""

    def __init__(self, seed: Seed) -> None:
        self._seed, self._channel = seed, seed.channel
        self._command: int | None = None
        self._came: dict[int, float] = {}
        self._listeners = 0
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> NoReturn:
        """Never returns."""
        try:
            if self._prepare():
                self._serve()
        except JailError as error:
            self._tell("failed", str(error), error.fix, error.status)
        except BrokenPipeError:
            pass
        except Exception as error:  # noqa: BLE001 - nobody else would ever hear of it
            self._tell("failed", f"the jail's first process: {error!r}", "please report it", 125)
        finally:
            self._end()

    def _prepare(self) -> bool:
        """False if it has to be tried again without a pid namespace."""
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in NOTED:
            signal.signal(number, _noted)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        ready = self._sees_itself()
        self._tell("ready" if ready else "again")
        return ready

    def _sees_itself(self) -> bool:
        if not self._seed.own_pids:
            kernel.adopt_orphans()
            return True
        try:
            mounts.fresh_proc()
        except OSError:
            return False
        return True

    def _serve(self) -> None:
        poll = select.poll()
        handlers: dict[int, Callable[[], bool]] = {
            self._wake: self._woken,  # first: what came to the group is known before the holder speaks of it
            self._channel.fileno(): self._heard,
            self._seed.requests.fileno(): self._asked,
        }
        for fd in handlers:
            poll.register(fd, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if not all(handler() for fd, handler in handlers.items() if fd in ready):
                return

    def _woken(self) -> bool:
        """Signals: those of children, and others. False when the command has ended."""
        for number in os.read(self._wake, 4096):
            self._came[number] = time.monotonic()
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            except ChildProcessError:
                return True
            if pid == 0:
                return True
            if pid == self._command and not self._report(status):
                return False

    def _report(self, status: int) -> bool:
        if os.WIFSTOPPED(status):
            self._tell("stopped", os.WSTOPSIG(status))
        elif os.WIFCONTINUED(status):
            self._tell("continued")
        else:
            self._seed.requests.hang_up()  # a holder that asks for a socket just now is not to wait for an answer
            self._end_others()
            linger.until_sent(self._listeners)
            self._tell("exited", status)
            self._hold()
            return False
        return True

    def _hold(self) -> None:
        """The device goes with the last process: the holder first reads what is still in it."""
        while self._channel.receive():
            pass

    def _heard(self) -> bool:
        """What the holder says. False when it is gone."""
        message = self._channel.receive()
        if message is None:
            return False
        word, *rest = message.values
        if word == "go":
            self._go(Orders(*unsealed(message.fds[0])))
        elif word == "signal":
            self._forward(*rest)
        return True

    def _forward(self, number: int) -> None:
        self._drain()
        came = self._came.pop(number, None)
        if self._command and (came is None or time.monotonic() - came > SAME_SECONDS or not self._in_our_group()):
            os.kill(self._command, number)

    def _in_our_group(self) -> bool:
        """Whether what comes to our process group comes to the command too: an interactive shell has its own."""
        return self._command is not None and os.getpgid(self._command) == os.getpgid(0)

    def _drain(self) -> None:
        """What came since is noted; a child's end among it is looked after by the next round."""
        try:
            numbers = os.read(self._wake, 4096)
        except BlockingIOError:
            return
        for number in numbers:
            self._came[number] = time.monotonic()
        os.write(self._waker, bytes([signal.SIGCHLD]))

    def _asked(self) -> bool:
        """A request for sockets of this network namespace."""
        message = self._seed.requests.receive()
        if message is None:
            return False
        made: list[socket.socket] = []
        try:
            made = _make(*message.values)
            self._listeners += len(made) if message.values[0] == "listen" else 0
            self._seed.requests.send(0, fds=[sock.fileno() for sock in made])
        except OSError as error:
            self._seed.requests.send(error.errno or 0)
        for sock in made:
            sock.close()
        return True

    def _go(self, orders: Orders) -> None:
        if self._seed.own_pids:
            kernel.die_with_parent()
        if orders.ipv6:
            netlink.ipv6_up(tun.NAME, ADDRESS6)
        try:
            furnish(orders)
        except OSError as error:
            raise faults.explain("files", error) from error
        self._return()
        environment = strict.without(orders.environment) if orders.strict else orders.environment
        program = seccomp.for_this_machine() if orders.strict else b""
        seed = self._seed
        command = Command(seed.command, environment, seed.inherited, program, die_with_parent=not seed.own_pids)
        self._command = command.start(lambda: self._channel.send("pid"))
        self._tell("started")
        seed.inherited.let_go()
        os.write(self._waker, bytes([signal.SIGCHLD]))  # it may have ended already

    def _return(self) -> None:
        """To where the command is to start: the directory itself may be hidden by now."""
        if directory := self._seed.inherited.directory:
            try:
                os.chdir(directory)
            except OSError as error:
                message = f"the working directory {directory} is not to be seen in the jail"
                raise JailError(message, "cd to another one") from error

    def _tell(self, *values: Any) -> None:
        self._channel.send(*values)

    def _end_others(self) -> None:
        if self._seed.own_pids:
            family.end_all()
        else:
            family.end_descendants()

    def _end(self) -> NoReturn:
        try:
            self._end_others()
        finally:
            os._exit(0)


def furnish(orders: Orders) -> None:
    """Puts the jail's own files where programs look for them, and hides what they are not to see. Raises OSError and
    JailError."""
    hidden = strict.directories(orders.environment) if orders.strict else []
    covered = strict.sockets(orders.environment, orders.listening) if orders.strict else []
    furniture = mounts.Furniture({**resolver.files(), **orders.files})
    furniture.mask([*orders.masked, *hidden])
    furniture.mask(resolver.DAEMONS, mounts.OPEN)
    furniture.put([path for path in covered if os.path.exists(path)])


def _make(what: str, number: int) -> list[socket.socket]:
    """Sockets: one of a family, one to the kernel, or the listeners on a port of loopback. Raises OSError."""
    if what == "socket":
        return [socket.socket(number, socket.SOCK_STREAM)]
    if what == "netlink":
        return [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, number)]
    listeners = [_listener(socket.AF_INET, "127.0.0.1", number)]
    try:
        listeners.append(_listener(socket.AF_INET6, "::1", number))
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
    return listeners


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _noted(_number: int, _frame: object) -> None:
    """The descriptor says it."""
