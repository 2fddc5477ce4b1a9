"""Scenes about sockets that the holder gets from inside."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import Any

from ccproxy.jail.errors import JailError
from tests.jail.inmate.held import Held
from tests.jail.inmate.scenes_command import until

SERVE = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
server.accept()[0].sendall(b"from inside")
"""
ASK = """
import socket, sys
for host in ("127.0.0.1", "::1"):
    print(socket.create_connection((host, int(sys.argv[1]))).recv(99).decode())
"""


def into() -> list[Any]:
    """The holder dials a server that the command runs."""
    with Held(sys.executable, "-c", SERVE) as held:
        held.go().until("Started")
        until(lambda: held.output.endswith("\n"))
        with held.inmate.socket(socket.AF_INET) as sock, socket.socket() as own:
            address = ("127.0.0.1", int(held.output))
            sock.connect(address)
            return [sock.recv(99).decode(), own.connect_ex(address) != 0, os.get_inheritable(sock.fileno())]


def out_of(port: int) -> str:
    """The command dials the holder, over both families."""
    with Held(sys.executable, "-c", ASK, str(port)) as held:
        held.inmate.parts()
        listeners = held.inmate.listen(port)
        held.go().until("Started")
        for listener in listeners:
            with contextlib.closing(listener.accept()[0]) as connection:
                connection.sendall(listener.getsockname()[0].encode())
        held.end()
        for listener in listeners:
            listener.close()
        return held.output


def taken() -> list[str]:
    """A port that was given away already, and a jail that is no more."""
    told = []
    with Held("true") as held:
        held.inmate.parts()
        listeners = held.inmate.listen(4000)
        try:
            held.inmate.listen(4000)
        except JailError as error:
            told += [str(error), error.fix]
        for listener in listeners:
            listener.close()
    for gone in (lambda: held.inmate.socket(socket.AF_INET), lambda: held.inmate.listen(4000)):
        try:
            gone()
        except (OSError, JailError) as error:
            told.append(type(error).__name__)
    return told
