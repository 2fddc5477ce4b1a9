"""Mounts tmpfs at PATH with SIZE bytes for UID, and takes it away when its input ends: `mounted PATH SIZE UID`."""

from __future__ import annotations

import ctypes
import os
import sys

from tests.support.outer.holder import MS_NOSUID, mount

if __name__ == "__main__":
    path, size, uid = sys.argv[1:]
    mount("tiny", path, MS_NOSUID, "tmpfs", f"size={size},uid={uid},mode=700")
    print("ready", flush=True)
    sys.stdin.read()
    if ctypes.CDLL(None).umount2(os.fsencode(path), 2):
        sys.exit("it is still in use")
