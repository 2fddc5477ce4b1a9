"""The process that holds the sealed place: it seals itself off, starts the daemon there, and runs the client.

Three processes, because the one whose command it is stays outside, and the client's end may be that of the process that
held its jail: the command, the keeper (in the place), and the jail's holder (a child of the keeper).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.shapes.sealed.daemon import SealedDaemon
from ccproxy.cli.shapes.sealed.place import seal
from ccproxy.config.paths import runtime_dir
from ccproxy.jail.errors import FAILED, JailError
from ccproxy.jail.link import DaemonLink
from ccproxy.jail.plan import Plan
from ccproxy.jail.ticket import Request

GRACE_SECONDS = 3.0
"""Between the wish that the client should end, and its end."""
OWN_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""They are the client's, or the command's, which then hangs up on the keeper."""
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Errand:
    """What the keeper is to do. `hidden`: directories that the client is not to see."""

    line: tuple[str, ...]
    environment: Mapping[str, str]
    seconds: float
    hidden: tuple[Path, ...]


class Teller:
    """The keeper's way to the command: a line of JSON for each thing that it has to tell."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        """Readable when the command has hung up."""
        return self._socket.fileno()

    def tell(self, event: str, **members: Any) -> None:
        """One thing."""
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps({"event": event, **members}).encode() + b"\n")

    def failed(self, error: JailError) -> None:
        """The client never ran."""
        self.tell("failed", message=str(error), fix=error.fix, status=error.status)

    def heard(self, number: int, _frame: FrameType | None) -> None:
        """A handler of signals. One that came to the keeper came to the client, too: they are of one process group."""
        if number == signal.SIGINT:
            self.tell(INTERRUPTED)

    def hung_up(self) -> None:
        """Returns when the command has."""
        with contextlib.suppress(OSError):
            while self._socket.recv(64):
                pass


def keep(errand: Errand, daemon: SealedDaemon, teller: Teller) -> NoReturn:
    """Runs the errand in a process that was forked for it, and ends that. What comes of it is told."""
    for number in OWN_SIGNALS:
        signal.signal(number, teller.heard)
    try:
        seal(errand.environment)
        _serve(errand, daemon, teller)
    except JailError as error:
        teller.failed(error)
    except CommandError as error:
        teller.failed(JailError(error.message, "\n".join(error.details)))
    except BaseException as error:  # noqa: BLE001 - nobody else would ever hear of it
        teller.failed(JailError(f"the client could not be run: {error!r}", "please report it"))
    finally:
        daemon.stop()
        os._exit(0)


def _serve(errand: Errand, daemon: SealedDaemon, teller: Teller) -> None:
    with daemon:
        pid = os.fork()
        if pid == 0:
            _hold(errand, daemon, teller)
        in_time = _wait(pid, teller, errand.seconds)
        teller.tell("ended", waitstatus=os.waitpid(pid, 0)[1], in_time=in_time)
        teller.hung_up()


def _wait(pid: int, teller: Teller, seconds: float) -> bool:
    """Until the jail's holder has ended; it is made to after some time, or when the command has hung up."""
    holder = os.pidfd_open(pid)
    try:
        in_time = bool(_readable([holder, teller.fileno()], seconds))
        for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
            if holder not in _readable([holder], 0):
                os.kill(pid, number)
                _readable([holder], patience)
    finally:
        os.close(holder)
    return in_time


def _readable(descriptors: list[int], seconds: float | None) -> list[int]:
    return select.select(descriptors, [], [], seconds)[0]


def _hold(errand: Errand, daemon: SealedDaemon, teller: Teller) -> NoReturn:
    """Holds the client's jail, and ends as the client does."""
    from ccproxy.jail import kernel, supervisor

    kernel.die_with_parent()
    for number in OWN_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    status = FAILED
    try:
        request = Request("", errand.line, os.getpid())
        plan = _plan(errand, daemon)
        status = supervisor.run(plan, request, lambda asked: DaemonLink.open(daemon.control.path, asked), _say)
    except JailError as error:
        teller.failed(error)
    except BaseException as error:  # noqa: BLE001 - as above
        teller.failed(JailError(f"the client could not be run: {error!r}", "please report it"))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _plan(errand: Errand, daemon: SealedDaemon) -> Plan:
    shelf = daemon.control.path.parent
    return Plan(
        errand.line,
        errand.environment,
        publish_auto=False,
        strict=True,
        masked=(shelf, daemon.root, runtime_dir(), *errand.hidden),
        shelf=shelf,
    )


def _say(text: str) -> None:
    click.echo(f"ccproxy: {text}", err=True)
