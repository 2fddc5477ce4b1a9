"""A client that is run in the sealed place, as the command outside sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ccproxy.cli.demo.command import leaving_on_signals
from ccproxy.cli.environment import BASE_URLS, BRING_YOUR_OWN, LOCAL
from ccproxy.cli.shapes.sealed.daemon import SealedDaemon
from ccproxy.cli.shapes.sealed.interrupts import Interrupts
from ccproxy.cli.shapes.sealed.keeper import INTERRUPTED, Errand, Teller, keep
from ccproxy.jail.errors import JailError

STOP_SECONDS = 20.0
LOOK_SECONDS = 0.2
"""How often it is seen to whether the command was interrupted."""


@contextmanager
def running(errand: Errand) -> Iterator[tuple[SealedDaemon, bool]]:
    """Runs a client to its end. Gives the daemon, which knows what was sent until the context is left, and whether the
    client ended in time. Raises JailError if it never ran, CommandError if the command was interrupted."""
    daemon = SealedDaemon()
    ours, theirs = socket.socketpair()
    with leaving_on_signals(), Interrupts() as interrupts:
        pid = os.fork()
        if pid == 0:
            ours.close()
            keep(errand, daemon, Teller(theirs))
        theirs.close()
        try:
            in_time = outcome(ours, interrupts)
            daemon.ask()
            yield daemon, in_time
        finally:
            interrupts.end()
            ours.close()
            end(pid)
            daemon.remove()


def outcome(sock: socket.socket, interrupts: Interrupts) -> bool:
    """Whether the client ended in time. Raises JailError if it never ran, CommandError for an interrupted command."""
    failure: JailError | None = None
    for told in events(sock, interrupts):
        if told["event"] == INTERRUPTED:
            interrupts.shared()
        elif told["event"] == "failed":
            failure = JailError(told["message"], told["fix"], told["status"])
        elif failure is None:
            return bool(told["in_time"])
        else:
            break
    raise failure or JailError("the process that holds the sealed place has died", "ccproxy namespace doctor says more")


def events(sock: socket.socket, interrupts: Interrupts) -> Iterator[dict[str, Any]]:
    """What the keeper tells, until it hangs up. Raises CommandError if the command was interrupted."""
    rest = b""
    while True:
        if select.select([sock], [], [], LOOK_SECONDS)[0]:
            data = sock.recv(65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(json.loads, lines)
        interrupts.require_shared()


def end(pid: int) -> None:
    """Waits for the keeper, which ends by itself when it is hung up on; not for ever."""
    keeper = os.pidfd_open(pid)
    try:
        if not select.select([keeper], [], [], STOP_SECONDS)[0]:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    finally:
        os.close(keeper)


def leading_here(environment: Mapping[str, str]) -> list[str]:
    """The variables with base URLs of this machine: a client that follows them calls nobody's API."""
    return [
        name
        for name in (*BASE_URLS, *BRING_YOUR_OWN)
        if any(f"//{host}" in environment.get(name, "").replace("[", "") for host in LOCAL)
    ]
