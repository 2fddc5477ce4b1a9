"""`ccproxy logs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

EXAMPLES = [
    ("the whole log", "ccproxy logs"),
    ("the last 50 lines, and what comes", "ccproxy logs -n 50 -f"),
    ("what went wrong", "ccproxy logs | grep -E 'WARNING|ERROR'"),
]


@command("logs", examples=EXAMPLES)
@click.option("-f", "--follow", is_flag=True, help="Go on printing as the log grows, until Ctrl-C.")
@click.option("-n", "--lines", metavar="N", type=click.IntRange(0), help="Only the last N lines.")
@click.pass_obj
def logs(session: Session, follow: bool, lines: int | None) -> int:
    """Print or follow the daemon's log."""
    from ccproxy.cli.tail import Tail

    tail = Tail(log_file(session), sys.stdout.buffer)
    try:
        tail.print_last(lines)
        if follow:
            tail.follow()
    except FileNotFoundError as error:
        raise CommandError(f"there is no log at {tail.path} yet", "`ccproxy start` writes one") from error
    except PermissionError as error:
        raise CommandError(f"{tail.path} cannot be read: {error.strerror}") from error
    except KeyboardInterrupt:
        return 0
    return 0


def log_file(session: Session) -> Path:
    """Where the running daemon logs or, if none runs, where the configuration says it would."""
    status = session.control().status()
    if status and status["log"]:
        return Path(status["log"])
    path = session.config().log_path()
    if path is None:
        raise CommandError(
            "the log goes to no file (log_file is null)", "set log_file in ccproxy.yaml, and restart the daemon"
        )
    return path
