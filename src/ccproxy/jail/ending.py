"""How a process ends as its command did."""

from __future__ import annotations

import os
import signal
import sys

from ccproxy.jail.errors import FAILED

SIGNAL_BASE = 128


def end(waitstatus: int) -> int:
    """The exit status to return. A command that a signal ended takes this process with it, by the same signal and
    without a second core file; only where that cannot be (pid 1 of a container) is 128 + N returned."""
    if os.WIFSIGNALED(waitstatus):
        return die(os.WTERMSIG(waitstatus))
    return os.WEXITSTATUS(waitstatus) if os.WIFEXITED(waitstatus) else FAILED


def die(number: int) -> int:
    """Ends this process by a signal. Returns only if the kernel does not let it."""
    import resource

    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number not in {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return SIGNAL_BASE + number
