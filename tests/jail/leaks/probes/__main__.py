"""Tries ways out, each in a process of its own: `python -m tests.jail.leaks.probes '[["tcp", {"host": …}], …]'`.

Prints a JSON list with `{"reached": …, "detail": …}` for each, in the same order.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.jail.leaks.probes import host, kernel, network, strict

type Probe = Callable[..., str]
SECONDS = 10.0
PROBES: dict[str, Probe] = {
    name: value
    for module in (network, host, kernel, strict)
    for name, value in vars(module).items()
    if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
}


def main() -> None:
    """Starts all of them, then gathers what they say."""
    asked = json.loads(sys.argv[1])
    started = [start(PROBES[name], arguments) for name, arguments in asked]
    end = time.monotonic() + SECONDS
    print(json.dumps([gather(pid, pipe, end) for pid, pipe in started]))


def start(probe: Probe, arguments: dict[str, Any]) -> tuple[int, int]:
    """Forks a process for a probe; returns its id and where it speaks."""
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reader)
        os.write(writer, json.dumps(outcome(probe, arguments)).encode())
        os._exit(0)
    os.close(writer)
    return pid, reader


def outcome(probe: Probe, arguments: dict[str, Any]) -> dict[str, Any]:
    """What became of a probe: what it reached, or the error that it met."""
    try:
        return {"reached": True, "detail": probe(**arguments)}
    except Exception as error:
        return {"reached": False, "detail": f"{type(error).__name__}: {error}"[:300]}


def gather(pid: int, pipe: int, end: float) -> dict[str, Any]:
    """A probe's own words, or why there are none. A signal (seccomp's SIGSYS) is a refusal."""
    ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
    data = os.read(pipe, 65536) if ready else b""
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if data:
        told: dict[str, Any] = json.loads(data)
        return told
    why = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) and ready else "no answer"
    return {"reached": False, "detail": why}


if __name__ == "__main__":
    main()
