"""The process that holds a jail: it starts the command, carries its packets and ports, and ends as it does."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.jail import inmate
from ccproxy.jail.errors import JailError
from ccproxy.jail.link import DaemonLink
from ccproxy.jail.plan import Plan
from ccproxy.jail.poll import Poller
from ccproxy.jail.ticket import Request, Ticket

if TYPE_CHECKING:
    from ccproxy.jail.followed import Command
    from ccproxy.jail.passages import Passages
    from ccproxy.jail.tunnel import Tunnel
    from ccproxy.jail.uplink import Uplink

HANDSHAKE_SECONDS = 10.0
LOST_SECONDS = 0.5
"""A device goes with its jail: only if the jail is still there then is it worth a line."""
SETTLE_SECONDS, SETTLE_EVERY = 2.0, 0.002
"""Whoever reads a port of the jail slowly is waited for so long after the command's end."""

type Connect = Callable[[Request], DaemonLink]
type Say = Callable[[str], None]


def run(plan: Plan, request: Request, connect: Connect, say: Say) -> int:
    """Runs the plan's command in a jail and returns its exit status.

    `connect` asks the daemon for a jail, once before the command runs and again whenever the daemon was gone; `say`
    prints one line to standard error. A command that a signal ended ends this process likewise. Raises JailError if the
    command did not run.
    """
    jail = inmate.spawn(plan)  # first of all: what is imported from here on is in the shadow of its set-up
    from ccproxy.jail.ending import die, end

    try:
        waitstatus = _hold(plan, request, jail, connect, say)
    except KeyboardInterrupt:
        return die(signal.SIGINT)
    finally:
        jail.close()
    return end(waitstatus)


def _hold(plan: Plan, request: Request, jail: inmate.Inmate, connect: Connect, say: Say) -> int:
    holder = Holder(plan, jail, say)
    try:
        return holder.run(lambda: connect(request))
    finally:
        holder.close()


class Holder:
    """Holds one jail that was spawned."""

    _command: Command
    _uplink: Uplink
    _tunnel: Tunnel
    _passages: Passages

    def __init__(self, plan: Plan, jail: inmate.Inmate, say: Say) -> None:
        self._plan, self._jail, self._say = plan, jail, say
        self._poller = Poller()
        self._deadline: int | None = None
        self._to_close: list[Command | Passages | Tunnel | Uplink] = []

    def run(self, connect: Callable[[], DaemonLink]) -> int:
        """From the daemon's ticket to the command's end. Returns its wait status; raises JailError if it never ran."""
        ticket = self._ask(connect)
        self._gather(ticket)
        self._dig(ticket)
        self._prepare()
        self._poller.run()
        assert self._command.waitstatus is not None
        return self._command.waitstatus

    def close(self) -> None:
        """Gives everything up but the jail itself."""
        for part in reversed(self._to_close):
            part.close()

    def _ask(self, connect: Callable[[], DaemonLink]) -> Ticket:
        from ccproxy.jail.uplink import Uplink

        self._uplink = Uplink(self._poller, connect(), connect, self._moved, self._say)
        self._to_close.append(self._uplink)
        return self._uplink.ticket

    def _gather(self, ticket: Ticket) -> None:
        """What can be done while the kernel sets the namespaces up."""
        from ccproxy.jail import followed, passages, trust, tunnel  # noqa: F401 - the first two and the last: loaded

        given = dict(self._plan.environment)
        if proxies := trust.removed(given):
            self._say(f"not set inside, where no proxy can be reached: {', '.join(proxies)}")
        given = {name: value for name, value in given.items() if name not in proxies}
        self._files = trust.files(ticket.ca.encode("ascii"), self._plan.shelf, given)
        self._environment = {**given, **trust.variables(given, self._plan.shelf)}

    def _dig(self, ticket: Ticket) -> None:
        from ccproxy.jail.tunnel import Tunnel

        keylog = Path(ticket.keylog) / "wg.keylog" if ticket.keylog else None
        tun = self._jail.parts().tun
        self._tunnel = Tunnel(self._poller, tun, ticket, keylog=keylog, pcap=self._plan.pcap, say=self._say)
        self._to_close.append(self._tunnel)
        self._deadline = self._poller.after(HANDSHAKE_SECONDS, _no_handshake)
        self._tunnel.start(self._up, self._lost)

    def _prepare(self) -> None:
        """What can be done while the handshake is under way."""
        from ccproxy.jail.followed import Command
        from ccproxy.jail.passages import Passages

        self._passages = Passages(self._poller, self._plan, self._jail, self._uplink, self._say)
        self._to_close.append(self._passages)
        self._command = Command(self._poller, self._jail, self._passages.watch, self._ended)
        self._to_close.append(self._command)

    def _up(self) -> None:
        """The first handshake; later ones change nothing."""
        if self._deadline is not None:
            self._poller.cancel(self._deadline)
            self._deadline = None
            self._command.catch_signals()
            self._jail.go(self._uplink.ticket, self._files, self._environment)

    def _ended(self) -> None:
        """What the command has sent last is still on its way through the device and the ports."""
        self._until = time.monotonic() + SETTLE_SECONDS
        self._poller.after(0.0, self._settle)

    def _settle(self) -> None:
        if self._passages.settled() or time.monotonic() > self._until:
            self._poller.stop()
        else:
            self._poller.after(SETTLE_EVERY, self._settle)

    def _moved(self, ticket: Ticket) -> None:
        self._tunnel.move(ticket)

    def _lost(self, reason: str) -> None:
        if self._deadline is not None:
            raise JailError(f"the jail has lost its network: {reason}")
        self._poller.after(LOST_SECONDS, lambda: self._say(f"the command has no network any more: {reason}"))


def _no_handshake() -> None:
    raise JailError(
        f"no handshake with the daemon's WireGuard listener in {HANDSHAKE_SECONDS:.0f} s",
        "see the daemon's log: ccproxy logs; a firewall may drop UDP on the loopback",
    )
