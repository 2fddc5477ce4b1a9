"""mitmweb as a part of another program.

`Master.run` is not used: it would give the whole daemon mitmproxy's exception handler and eager task factory (which
uvloop on CPython 3.13.0 cannot use), and end it with `sys.exit` at the first error that anybody logs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmproxy import contentviews
from mitmproxy.certs import CertStore
from mitmproxy.master import Master
from mitmproxy.options import CONF_BASENAME, KEY_SIZE, Options
from mitmproxy.tools.web.app import ClientConnection
from mitmproxy.tools.web.master import WebMaster
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from ccproxy.fronts.interceptor.views import VIEWS

if TYPE_CHECKING:
    import socket

    from ccproxy.config.inspector import Inspector

MAX_UPLOAD_BYTES = 256 * 1024 * 1024
COLUMNS = ["tls", "icon", "path", "method", "status", "size", "time", "comment"]
LEVELS = {"error": "ERROR", "warn": "WARNING", "info": "INFO", "alert": "INFO", "debug": "DEBUG"}


def prepare(confdir: Path) -> None:
    """Makes mitmproxy's directory (0700) and, if it has none yet, its CA. Takes up to a second; raises OSError."""
    confdir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        CertStore.from_store(confdir, CONF_BASENAME, KEY_SIZE)
    except (ValueError, TypeError) as error:
        file = confdir / f"{CONF_BASENAME}-ca.pem"
        raise OSError(f"{file} is damaged; move it away and a new CA is made") from error


def chosen(settings: Inspector) -> dict[str, Any]:
    """The options of mitmproxy that the user may choose and that concern connections."""
    options = settings.mitmproxy
    return {
        "ssl_insecure": options.ssl_insecure,
        "stream_large_bodies": options.stream_large_bodies,
        "body_size_limit": options.body_size_limit,
        "ignore_hosts": options.ignore_hosts,
        "allow_hosts": options.allow_hosts,
    }


class Web(WebMaster):
    """mitmweb without a proxy. `await running()` opens its page, `await done()` closes it; `run` is not for use.

    Raises OSError if it cannot have its port.
    """

    def __init__(self, settings: Inspector, confdir: Path, password: str | None) -> None:
        self._sockets = _bind(settings.mitmproxy.web_host, settings.port)
        self._server: HTTPServer | None = None
        self._handlers: list[logging.Handler] = []
        try:
            self._build(settings, confdir, password)
        except BaseException:
            _close(self._sockets)
            raise

    def _build(self, settings: Inspector, confdir: Path, password: str | None) -> None:
        options = settings.mitmproxy
        _quieten(LEVELS[options.termlog_verbosity])
        with _handlers_kept_from_root(self._handlers):
            super().__init__(Options(server=False, mode=[], confdir=str(confdir)), with_termlog=False)
            self.addons.get("errorcheck").finish()  # type: ignore[no-untyped-call] # else it keeps every error line
        self.options.update(  # type: ignore[no-untyped-call]
            **chosen(settings),
            web_host=options.web_host,
            web_port=self.port,
            web_password=password or "",
            web_open_browser=options.web_open_browser,
            web_columns=COLUMNS,
        )
        for view in VIEWS:
            contentviews.add(view)

    @property
    def port(self) -> int:
        """The port of the page."""
        return int(self._sockets[0].getsockname()[1])

    async def running(self) -> None:
        """Opens the page."""
        IOLoop.current()  # ties tornado to the running loop
        self._server = HTTPServer(self.app, max_buffer_size=MAX_UPLOAD_BYTES)
        self._server.add_sockets(self._sockets)
        await Master.running(self)

    async def done(self) -> None:
        """Closes the page, its connections and mitmproxy."""
        if self._server is not None:
            self._server.stop()
            for connection in list(ClientConnection.connections):
                connection.close()
            await self._server.close_all_connections()
        await super().done()
        for handler in self._handlers:
            logging.getLogger("mitmproxy").removeHandler(handler)


def _quieten(level: str) -> None:
    logging.getLogger("mitmproxy").setLevel(level)
    logging.getLogger("mitmproxy.tools.web.webaddons").setLevel("ERROR")  # it warns of every plain password
    logging.getLogger("tornado.access").setLevel("CRITICAL")  # its lines contain the token


@contextmanager
def _handlers_kept_from_root(kept: list[logging.Handler]) -> Iterator[None]:
    """mitmproxy hangs its event log on the root logger. It moves to its own logger: our lines are not its events."""
    root, own = logging.getLogger(), logging.getLogger("mitmproxy")
    before = list(root.handlers)
    try:
        yield
    finally:
        for handler in [handler for handler in root.handlers if handler not in before]:
            root.removeHandler(handler)
            own.addHandler(handler)
            kept.append(handler)


def _bind(host: str, port: int) -> list[socket.socket]:
    try:
        return bind_sockets(port, host)
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port} (inspector.port): {error.strerror or error}") from error


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()
