"""The secrets of the TLS and QUIC connections of jails, for Wireshark: what decrypts a capture of the inner packets.

Lines as NSS writes them (https://datatracker.ietf.org/doc/draft-ietf-tls-keylogfile/). mitmproxy shares one TLS context
between many connections, and pyOpenSSL takes no change to a context in use, so the one callback that mitmproxy gives
every context is replaced by one that looks up whose connection it is called for. That is known by context variable:
each connection of a jail is a task of its own, and all of its handshakes, QUIC's too, happen in that task or its
children.
"""

from __future__ import annotations

import logging
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING

from mitmproxy.net import tls

if TYPE_CHECKING:
    from pathlib import Path

    from mitmproxy.connection import Client
    from OpenSSL import SSL

    from ccproxy.fronts.interceptor.jail import Jail

log = logging.getLogger(__name__)


class KeylogFile:
    """A file of secrets, 0600 in a directory 0700. It is opened for each line, so it may be removed at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._broken = False

    def write(self, line: bytes) -> None:
        """Appends a line. Never raises: what cannot be written is lost, and said once until it can be again."""
        try:
            self._append(line)
        except OSError as error:
            if not self._broken:
                log.warning("secrets of TLS connections are lost, %s cannot be written: %s", self._path, error)
            self._broken = True
        else:
            self._broken = False

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            data = (b"\n" if self._broken else b"") + line + b"\n"  # the last line may have been cut off
            if os.write(fd, data) < len(data):
                raise OSError("no room for a whole line")
        finally:
            os.close(fd)


class Router(tls.MasterSecretLogger):
    """What mitmproxy calls with each secret. Nobody follows a connection unless told to."""

    def __init__(self, before: tls.MasterSecretLogger | None) -> None:
        self.file: ContextVar[KeylogFile | None] = ContextVar("keylog", default=None)
        """Where the secrets of what this task negotiates are to be written."""
        self._before = before

    def __call__(self, connection: SSL.Connection, keymaterial: bytes) -> None:
        """Called by pyOpenSSL, and by aioquic without a connection."""
        if self._before is not None:  # SSLKEYLOGFILE of the daemon's own environment
            self._before(connection, keymaterial)
        if (file := self.file.get()) is not None:
            file.write(keymaterial)


class Follower:
    """An addon for the connections of one jail."""

    def __init__(self, router: Router, file: KeylogFile) -> None:
        self._router, self._file = router, file

    def client_connected(self, client: Client) -> None:
        """Called in the connection's own task, before anything is negotiated."""
        self._router.file.set(self._file)


class TlsKeylog:
    """Writes the secrets of the jails that ask for it, or of `everything`, to one file."""

    def __init__(self, path: Path, *, everything: bool = False) -> None:
        self._file = KeylogFile(path)
        self._everything = everything
        self._router = install()

    def of(self, jail: Jail) -> object:
        """The addon for a jail: one without hooks, if its connections are not to be logged."""
        return Follower(self._router, self._file) if self._everything or jail.request.keylog else object()


def install() -> Router:
    """Makes mitmproxy call a router for each secret; the one that is there, if there is one."""
    present = tls.log_master_secret
    if isinstance(present, Router):
        return present
    router = tls.log_master_secret = Router(present)
    tls.create_client_proxy_context.cache_clear()  # those that are made already call nobody
    tls.create_proxy_server_context.cache_clear()
    return router
