"""Free ports of the loopback interface."""

from __future__ import annotations

import functools
import itertools
import os
import socket
from collections.abc import Iterator

NUMBERS = range(10_000, 32_000)
"""Below those that Linux and macOS give to outgoing connections and to whoever binds to port 0: nobody gets one of
them by chance between the moment it was found free and the moment it is listened on."""
STRIDE = 1_021
"""Between the places at which processes that started one after the other begin."""


def free_port() -> int:
    """A port nobody listens on, and that this process was not given before."""
    return next(port for port in _ours() if _is_free(port))


@functools.cache
def _ours() -> Iterator[int]:
    begin = os.getpid() * STRIDE % len(NUMBERS)
    return itertools.cycle([*NUMBERS[begin:], *NUMBERS[:begin]])


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
