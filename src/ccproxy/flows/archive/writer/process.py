"""The process that writes the archive: `python -m ccproxy.flows.archive.writer.process FD`.

It reads from the socket FD, and outlives the daemon until everything that was sent is written. What takes long to load
is loaded while it reads already.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from ccproxy.flows.archive.writer.inbox import Inbox

NICENESS = 5


def main(descriptor: int) -> None:
    """Runs a writer at the socket with this number, apart from the daemon's process group and its signals."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):
        os.setsid()
    os.nice(NICENESS)
    os.chdir(Path("/"))
    os.umask(0o077)
    with socket.socket(fileno=descriptor) as sock:
        inbox = Inbox(sock)
        from ccproxy.flows.archive.writer.writer import Writer

        writer = Writer(sock, inbox)
        try:
            writer.run()
        except Exception:
            writer.complain(f"the archive's writer failed: {traceback.format_exc()}")
            raise


if __name__ == "__main__":
    main(int(sys.argv[1]))
