"""Where the daemon's log goes: standard error, and a file that only the user can read."""

from __future__ import annotations

import logging
import os
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

FORMAT = "%(asctime)s %(name)-30s %(levelname)-8s %(message)s"
DATES = "%Y-%m-%d %H:%M:%S"
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
MAX_BYTES = 32 * 1024 * 1024
"""At this size the file becomes FILE.1 and a new one begins: a daemon that runs for weeks must not fill the disk."""


class OneLine(logging.Formatter):
    """Keeps each message in its line: it may tell of words that are somebody else's, with control characters in them.
    Tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  it is logging's own
        """See logging.Formatter."""
        record.message = CONTROL.sub(lambda found: repr(found[0])[1:-1], record.message)
        return super().formatMessage(record)


def set_up(level: str, path: Path | None) -> None:
    """Sends all loggers to standard error and to `path`, which is begun anew (0600). Raises OSError for the file."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        path.chmod(0o600)
        handlers.append(RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8"))
    logging.raiseExceptions = False  # a full disk must not turn each line into a traceback
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in handlers:
        handler.setLevel(level)
        handler.setFormatter(OneLine(FORMAT, DATES))
        root.addHandler(handler)
    logging.getLogger("ccproxy").setLevel(level)
