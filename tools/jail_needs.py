"""Says what the tests of the jail need and this machine lacks; exit status 1 if that is anything.

They run real programs in namespaces of their own. `make test` leaves them out, and says so, where that cannot be.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

PROGRAMS = ("bash", "curl", "git", "ip", "java", "keytool", "node", "npm", "openssl", "tshark", "wget")
DEVICE = "/dev/net/tun"


def missing() -> Iterator[str]:
    """What is not there, in words."""
    if sys.platform != "linux":
        yield "Linux"
        return
    yield from (name for name in PROGRAMS if shutil.which(name) is None)
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        yield DEVICE
    if not namespaces():
        yield "user namespaces"


def namespaces() -> bool:
    """Whether this user may make them."""
    child = os.fork()
    if child == 0:
        try:
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET | os.CLONE_NEWNS | os.CLONE_NEWPID)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main() -> int:
    """Prints one line if something is missing."""
    lacking = ", ".join(missing())
    if lacking:
        print(f"the tests of the capture jail are NOT run: this machine lacks {lacking}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
