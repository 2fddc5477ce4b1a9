"""Run by `unshare -rm`: mounts what trust says as a jail does, then runs a command. Arguments: a JSON file
{"over": {path: file}, "beside": {path: file}, "scratch": directory}, and the command."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

from ccproxy.jail.overlay import lay_over

LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    encoded = [os.fsencode(text) for text in (source, target, kind)]
    if LIBC.mount(*encoded, ctypes.c_ulong(flags), data.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


plan = json.loads(Path(sys.argv[1]).read_text())
mount("none", "/", "", MS_REC | MS_PRIVATE, "")
mount("tmpfs", plan["scratch"], "tmpfs", 0, "")
beside = {path: Path(file).read_bytes() for path, file in plan["beside"].items()}
refused = lay_over(beside, plan["scratch"], mount)
assert not refused, refused
for path, file in plan["over"].items():
    mount(file, path, "", MS_BIND, "")
os.execvp(sys.argv[2], sys.argv[2:])
