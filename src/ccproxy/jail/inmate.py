"""A jail's processes as the one that holds the jail has them."""

from __future__ import annotations

import contextlib
import os
import signal as signals
import socket as sockets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ccproxy.jail import kernel
from ccproxy.jail.channel import Channel, Message, sealed
from ccproxy.jail.errors import FAILED, JailError
from ccproxy.jail.inherited import Inherited
from ccproxy.jail.plan import Plan
from ccproxy.jail.ticket import Ticket

ANSWER_SECONDS = 5.0
"""For a socket from inside; it takes a fraction of a millisecond."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the kernel set-up made: the tunnel's device, the first process inside (as the host numbers it), and whether
    the jail's processes number themselves."""

    tun: int
    pid: int
    own_pids: bool


@dataclass(frozen=True, slots=True)
class Started:
    """The command runs; its pid is the host's."""

    pid: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The command was stopped by a signal."""

    signal: int


@dataclass(frozen=True, slots=True)
class Continued:
    """The command goes on."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The command has ended, and with it all that it left behind. What it has sent may still be in the device, which
    goes with `close`."""

    waitstatus: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The command never ran."""

    message: str
    fix: str
    status: int


type News = Started | Stopped | Continued | Exited | Failed
KINDS = {"started": Started, "stopped": Stopped, "continued": Continued, "exited": Exited, "failed": Failed}


def spawn(plan: Plan) -> Inmate:
    """Begins to set up a jail, beside this process. Call it before anything else changes signals or opens descriptors.

    This process becomes one that adopts orphans (PR_SET_CHILD_SUBREAPER). Raises JailError if it cannot fork.
    """
    return Inmate(plan)


class Inmate:
    """A jail from its first process to its last; `close` ends it."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._inherited = plan, Inherited.now()
        self.pid: int | None = None
        """The first process inside, as the host numbers it; None before `parts`."""
        self._parts: Parts | None = None
        self._command = 0
        self._status: int | None = None
        self._closed = False
        kernel.adopt_orphans()
        self._begin(own_pids=True)

    def _begin(self, *, own_pids: bool) -> None:
        self._channel, theirs = Channel.pair()
        self._requests, answers = Channel.pair()
        self._channel.know_senders()
        self._requests.give_up_after(ANSWER_SECONDS)
        holder = os.getpid()
        try:
            self._founder = _blocked_fork()
        except OSError as error:
            raise JailError(f"no further process can be started: {error.strerror}", "end some programs") from error
        if self._founder == 0:
            self._channel.close()
            self._requests.close()
            _found(holder, self._plan.command, self._inherited, theirs, answers, own_pids)
        theirs.close()
        answers.close()

    def parts(self) -> Parts:
        """Waits for the kernel set-up. Raises JailError with what hinders it, if something does."""
        while self._parts is None:
            self._parts = self._wait_for_parts()
        return self._parts

    def _wait_for_parts(self) -> Parts | None:
        """None if it has to be tried again, without a pid namespace."""
        parts, ready = None, False
        while not (parts and ready):
            message = self._channel.receive()
            match message.values if message else ():
                case ("parts", pid, own_pids) if message:
                    parts = Parts(message.fds[0], pid, own_pids)
                    self.pid = pid
                    self._reap_founder()
                case ("ready",):
                    ready = True
                case ("again",):
                    self._again(parts)
                    return None
                case ("failed", text, fix, status):
                    raise JailError(text, fix, status)
                case _:
                    raise JailError("the jail's processes have died", "ccproxy namespace doctor says more", FAILED)
        return parts

    def _again(self, parts: Parts | None) -> None:
        while parts is None:
            message = self._channel.receive()
            if message is None:
                return
            if message.values[0] == "parts":
                parts = Parts(message.fds[0], *message.values[1:])
        os.close(parts.tun)
        self._reap_founder()
        _reap(parts.pid)
        self._channel.close()
        self._requests.close()
        self.pid = None
        self._begin(own_pids=False)

    def go(self, ticket: Ticket, files: Mapping[str, bytes], environment: Mapping[str, str]) -> None:
        """Runs the command. `files`: absolute path inside -> content; what lies in a masked directory is written there,
        everything else must exist on the host and is hidden by it. `environment` is all that the command gets. How it
        went is among the news. Raises JailError if there is no memory for it."""
        plan = self._plan
        is_strict = plan.strict or ticket.strict
        masked = (str(plan.shelf), *map(str, plan.masked), *ticket.masked)
        listening = _listening() if is_strict else ()
        orders = (dict(files), dict(environment), masked, ticket.ipv6, is_strict, listening)
        try:
            memory = sealed(orders)
        except OSError as error:
            raise JailError(f"there is no memory left for the jail: {error.strerror}", "end some programs") from error
        with contextlib.suppress(OSError):  # if it is gone, `news` says so
            self._channel.send("go", fds=[memory])
        os.close(memory)

    def fileno(self) -> int:
        """Readable when there is news."""
        return self._channel.fileno()

    def news(self) -> list[News] | None:
        """What has happened since. None once the jail is gone; its end without a word is told by `wait`."""
        items: list[News] = []
        while True:
            try:
                message = self._channel.receive(wait=False)
            except BlockingIOError:
                return items
            if message is None:
                return items or None
            items += self._news(message)

    def _news(self, message: Message) -> list[News]:
        word, *rest = message.values
        if word == "pid":
            self._command = message.pid or 0
            return []
        if word == "started":
            rest = [self._command]
        return [KINDS[word](*rest)] if word in KINDS else []

    def signal(self, number: int) -> None:
        """Sends the command a signal, unless it has got it already because it came to the whole process group."""
        with contextlib.suppress(OSError):
            self._channel.send("signal", int(number))

    def socket(self, family: int) -> sockets.socket:
        """A new TCP socket in the jail's network namespace. Raises OSError, also if the jail is gone."""
        return self._ask("socket", family)[0]

    def netlink(self, protocol: int) -> sockets.socket:
        """A netlink socket in the jail's network namespace. Raises OSError."""
        return self._ask("netlink", protocol)[0]

    def listen(self, port: int) -> list[sockets.socket]:
        """Listeners on a port of the jail's loopback, IPv4 first. After `parts`. Raises JailError if one is there."""
        try:
            return self._ask("listen", port)
        except OSError as error:
            raise JailError(f"port {port} cannot be had inside the jail: {error.strerror}", "leave it out") from error

    def _ask(self, what: str, number: int) -> list[sockets.socket]:
        self._requests.send(what, int(number))
        message = self._requests.receive()
        if message is None:
            raise ConnectionResetError("the jail is gone")
        if message.values[0]:
            raise OSError(message.values[0], os.strerror(message.values[0]))
        return [sockets.socket(fileno=fd) for fd in message.fds]

    def wait(self) -> int:
        """Ends the jail and waits until nothing of it is left; the wait status of its first process."""
        self._channel.hang_up()
        if self._status is None and self.pid is not None:
            self._status = _reap(self.pid)
        return self._status or 0

    def close(self) -> None:
        """`wait`, and closes what this process has of the jail but the device. May be called again."""
        if self._closed:
            return
        self._closed = True
        if self._parts is None:
            with contextlib.suppress(JailError):
                os.close(self.parts().tun)
        self._reap_founder()
        self.wait()
        self._channel.close()
        self._requests.close()

    def _reap_founder(self) -> None:
        if self._founder:
            _reap(self._founder)
            self._founder = 0


def _found(holder: int, *seed: Any) -> NoReturn:
    """The other process: it imports by itself what it needs, while this one goes on."""
    try:
        from ccproxy.jail.founder import found
        from ccproxy.jail.init import Seed

        found(Seed(*seed), holder)
    finally:
        os._exit(1)


def _blocked_fork() -> int:
    """fork(2) with every signal blocked in the child."""
    before = signals.pthread_sigmask(signals.SIG_SETMASK, signals.valid_signals())
    try:
        pid = os.fork()
    except OSError:
        signals.pthread_sigmask(signals.SIG_SETMASK, before)
        raise
    if pid:
        signals.pthread_sigmask(signals.SIG_SETMASK, before)
    return pid


def _listening() -> tuple[str, ...]:
    from ccproxy.jail import strict

    return tuple(strict.listening())


def _reap(pid: int) -> int:
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return 0
