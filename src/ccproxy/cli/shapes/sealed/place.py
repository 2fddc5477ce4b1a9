"""The place itself: namespaces in which there is no network but a loopback of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ccproxy.cli.shapes.sealed import names
from ccproxy.jail import faults, kernel, namespace, netlink, resolver, strict
from ccproxy.jail.errors import JailError
from ccproxy.jail.mounts import Furniture

DOCTOR = "ccproxy namespace doctor says more"
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"


def seal(environment: Mapping[str, str]) -> None:
    """Moves this process into the place for good, with all that it starts from now on. It must have no other thread.

    What is structural: the network namespace has no interface but `lo`, so no packet has a way out; sockets of the file
    system behind which a program outside would do as it is told (docker, D-Bus) are masked, and resolvers' too.
    `environment` names some of them. Raises JailError.
    """
    parent, at = os.getppid(), ""
    try:
        for step in _steps(environment):
            at = step
    except OSError as error:
        told = faults.explain(at, error)
        fix = "\n".join(dict.fromkeys([*told.fix.splitlines(), DOCTOR]))
        raise JailError(str(told), fix, told.status) from error
    kernel.die_with_parent()  # only now: other capabilities undo it (prctl(2))
    if os.getppid() != parent:
        raise JailError("the command that was to be sealed off has gone")


def _steps(environment: Mapping[str, str]) -> Iterator[str]:
    listening = strict.listening()  # a network namespace shows its own only
    yield from namespace.steps()
    yield "net"
    netlink.loopback_up()
    yield "files"
    furniture = Furniture(files())
    furniture.mask(resolver.DAEMONS)
    furniture.put(strict.sockets(environment, listening))
    yield "names"
    names.serve()


def files() -> dict[str, bytes]:
    """How names are resolved there, by absolute path: by our own server, and by nobody else."""
    server = f"nameserver {names.ADDRESS[0]}\noptions timeout:2\n".encode()
    return {**resolver.files(), resolver.RESOLV_CONF: server, "/etc/hosts": HOSTS}
