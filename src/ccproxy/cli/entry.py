"""Where the program begins."""

from __future__ import annotations

import gc
import os
import signal
import sys

STANDARD = {0: ("stdin", "r"), 1: ("stdout", "w"), 2: ("stderr", "w")}


def main() -> int:
    """Runs the program, see `ccproxy.cli.main.main`.

    Without the garbage collector, which would look through all that is being imported, for 8 of 85 ms. What lives long
    turns it on again: the daemon, and the process that holds a jail.
    """
    gc.disable()
    occupy_standard()
    interrupts = signal.getsignal(signal.SIGINT)
    if interrupts is signal.default_int_handler:  # a Ctrl-C among the imports would be a traceback
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ccproxy.cli.main import main as run

    signal.signal(signal.SIGINT, interrupts)
    return run()


def occupy_standard() -> None:
    """Gives standard descriptors that are closed (`>&-`) to the null device: else a socket would take their numbers.
    Programs that are run find them closed."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= max(STANDARD):
        name, mode = STANDARD[fd]
        setattr(sys, name, open(fd, mode, closefd=False))  # noqa: SIM115 - for as long as the process lives
    os.close(fd)
