"""A client that is run in the sealed place, as the command outside sees it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ccproxy.cli.demo.command import ctrl_c_is_the_childs, leaving_on_signals
from ccproxy.cli.environment import BASE_URLS, BRING_YOUR_OWN, LOCAL
from ccproxy.cli.shapes.sealed.daemon import SealedDaemon
from ccproxy.cli.shapes.sealed.keeper import Errand, Teller, keep
from ccproxy.jail.errors import JailError

STOP_SECONDS = 20.0


@contextmanager
def running(errand: Errand) -> Iterator[tuple[SealedDaemon, bool]]:
    """Runs a client to its end. Gives the daemon, which knows what was sent until the context is left, and whether the
    client ended in time. Raises JailError if it never ran."""
    daemon = SealedDaemon()
    ours, theirs = socket.socketpair()
    with leaving_on_signals(), ctrl_c_is_the_childs():
        pid = os.fork()
        if pid == 0:
            ours.close()
            keep(errand, daemon, Teller(theirs))
        theirs.close()
        try:
            in_time = outcome(ours)
            daemon.ask()
            yield daemon, in_time
        finally:
            ours.close()
            end(pid)
            shutil.rmtree(daemon.root, ignore_errors=True)


def outcome(sock: socket.socket) -> bool:
    """Whether the client ended in time. Raises JailError if it never ran."""
    failure: JailError | None = None
    with sock.makefile("rb") as lines:
        for line in lines:
            told: dict[str, Any] = json.loads(line)
            if told["event"] == "failed":
                failure = JailError(told["message"], told["fix"], told["status"])
            elif failure is None:
                return bool(told["in_time"])
            else:
                break
    raise failure or JailError("the process that holds the sealed place has died", "ccproxy namespace doctor says more")


def end(pid: int) -> None:
    """Waits for the keeper, which ends by itself when it is hung up on; not for ever."""
    import select

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
