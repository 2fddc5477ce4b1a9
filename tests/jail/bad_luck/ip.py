"""ip(8) as a module, for `enter.py`: with the right to change the network that was joined, whoever runs it."""

from __future__ import annotations

import os
import sys

from tests.support.outer.holder import CAP_NET_ADMIN, hand_down

if __name__ == "__main__":
    hand_down(CAP_NET_ADMIN)
    os.execvp("ip", ["ip", *sys.argv[1:]])
