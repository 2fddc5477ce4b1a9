"""What the doctor looks at, of this configuration."""

from __future__ import annotations

from pathlib import Path

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session
from ccproxy.jail.checks.finding import House
from ccproxy.jail.distribution import Distribution


def house(session: Session) -> House:
    """The directories and the daemon. Never raises CommandError: what is wrong is for the checks to tell."""
    from ccproxy.config.paths import state_dir
    from ccproxy.jail.doctor import elsewhere

    if elsewhere():
        return House(state_dir(), state_dir())  # nothing is looked at
    control, trouble = daemon(session)
    return House(state_dir(), sockets(), control, trouble, distribution=Distribution.read())


def daemon(session: Session) -> tuple[Path | None, str]:
    """The control socket of a daemon that answers, if there is one, and why one that is there does not."""
    try:
        control = session.control()
        return (control.path if control.status() is not None else None), ""
    except CommandError as error:
        return None, error.message


def sockets() -> Path:
    """The directory of sockets; where it would be, if it cannot be had."""
    from ccproxy.config.paths import runtime_dir

    try:
        return runtime_dir()
    except OSError as error:
        return Path(error.filename or str(error).partition(" is not ")[0])
