"""Scenes about what can be seen and reached from inside."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from tests.jail.inmate.held import Held

SEND = """
import socket
for family, address in ((socket.AF_INET, "198.51.100.9"), (socket.AF_INET6, "2001:db8::9")):
    try:
        socket.socket(family, socket.SOCK_DGRAM).sendto(b"out", (address, 4321))
    except OSError as error:
        print(error.strerror)
"""


def look_around(strict: bool = False) -> dict[str, Any]:
    """A jail beside lures, looked at from inside."""
    secret = Path("secret").absolute()
    secret.mkdir()
    (secret / "ca-key.pem").write_text("secret")
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.set_inheritable(namespace, True)
    os.open("/dev/null", os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0lure")
        abstract.listen()
        arguments = [loopback.getsockname()[1], "lure", os.getpid(), namespace, secret, Path("shelf").absolute()]
        command = [sys.executable, "-m", "tests.jail.inmate.looking", *map(str, arguments)]
        environment = {"PYTHONPATH": f"{os.environ['REPOSITORY']}:{os.environ['REPOSITORY']}/src"}
        with Held(*command, masked=(str(secret),), strict=strict) as held:
            held.go({f"{Path('shelf').absolute()}/certs/ca.pem": b"CA"}, environment)
            end = held.end()
            if end["kind"] != "Exited" or end["waitstatus"]:
                raise AssertionError(f"{end} {held.output}")
            return json.loads(held.output) | {"namespace": namespace, "pid": os.getpid()}


def send(ipv6: bool) -> dict[str, Any]:
    """A datagram in each family."""
    with Held(sys.executable, "-c", SEND) as held:
        held.go(ipv6=ipv6).end()
        return {"output": held.output, "datagrams": held.datagrams(), "packets": len(held.packets)}
