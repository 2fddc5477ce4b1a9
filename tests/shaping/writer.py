"""Writes shapes without an end, in a process of its own: for every line of its input one is begun, until it is killed.

Argument: the directory. Prints the pid of each.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from ccproxy.shaping.shape import Provenance
from tests.shaping.made_up import shape, store_in

LARGE = {"zone": "made up text " * 1500}


def write(directory: Path) -> None:
    store = store_in(directory)
    number = max((int(each.provenance.captured or 0) for each in store.versions("anthropic")), default=0)
    while True:
        number += 1
        store.save(shape(body=LARGE, provenance=Provenance("capture", captured=float(number))))
        os.write(1, b".")


if __name__ == "__main__":
    importlib.import_module("mitmproxy.io")  # or every writer would load it
    for _ in sys.stdin:
        begin, wait = os.pipe()[::-1]
        pid = os.fork()
        if not pid:
            os.read(wait, 1)  # its pid is told first
            write(Path(sys.argv[1]))
        os.write(1, f"{pid}\n".encode())
        os.write(begin, b"x")
        os.waitpid(pid, 0)
        os.write(1, b"\n")
