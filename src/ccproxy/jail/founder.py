"""The process that makes a jail's namespaces and network, and ends when the jail's first process runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

from ccproxy.jail import faults, kernel, namespace, netlink, tun
from ccproxy.jail.init import Init, Seed
from ccproxy.jail.ticket import ADDRESS4, MTU


def found(seed: Seed, holder: int) -> NoReturn:
    """Never returns. All signals are blocked, and nobody but this process and the holder has the seed's channel."""
    kernel.die_with_parent()
    if os.getppid() != holder:
        os._exit(1)
    seed.inherited.close_others(seed.channel.fileno(), seed.requests.fileno())
    at = ""
    try:
        for step in _steps(seed):
            at = step
    except OSError as error:
        told = faults.explain(at, error)
        seed.channel.send("failed", str(told), told.fix, told.status)
    except Exception as error:  # noqa: BLE001 - nobody else would ever hear of it
        seed.channel.send("failed", f"the jail could not be set up: {error!r}", "please report it", 125)
    finally:
        os._exit(0)


def _steps(seed: Seed) -> Iterator[str]:
    yield from namespace.steps()
    yield "tun"
    device = tun.open_control()
    yield "device"
    tun.make_device(device)
    yield "net"
    netlink.loopback_up()
    netlink.device_up(tun.NAME, MTU, ADDRESS4)
    namespace.allow_ping()
    yield "fork"
    own_pids = seed.own_pids and _number_anew()
    pid = os.fork()
    if pid == 0:
        os.close(device)
        Init(Seed(seed.command, seed.inherited, seed.channel, seed.requests, own_pids)).run()
    seed.channel.send("parts", pid, own_pids, fds=[device])


def _number_anew() -> bool:
    """Whether the next child is the first process of a pid namespace: some containers allow no such thing."""
    try:
        os.unshare(os.CLONE_NEWPID)
    except OSError:
        return False
    return True
