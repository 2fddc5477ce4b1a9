"""Where the program begins."""

from __future__ import annotations

import gc


def main() -> int:
    """Runs the program, see `ccproxy.cli.main.main`.

    Without the garbage collector, which would look through all that is being imported, for 8 of 85 ms. What lives long
    turns it on again: the daemon, and the process that holds a jail.
    """
    gc.disable()
    from ccproxy.cli.main import main as run

    return run()
