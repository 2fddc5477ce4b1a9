"""The inspector: mitmweb inside the daemon, showing every exchange.

It is a guest. It loads behind the listener, in a thread; if it cannot start, or its port is taken, the daemon says so
in one line and goes on without it.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from ccproxy.config.paths import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from mitmproxy.master import Master

    from ccproxy.config import Config
    from ccproxy.flows.store import FlowStore
    from ccproxy.fronts.interceptor.feeder import Feeder
    from ccproxy.fronts.interceptor.web import Web

log = logging.getLogger(__name__)


class Inspector:
    """One inspector of one daemon. `password` is `inspector.mitmproxy.web_password`, resolved; None: a random token."""

    def __init__(self, config: Config, store: FlowStore, password: str | None = None) -> None:
        self.error: str | None = None
        """Why it does not run, for people; None if it does, or has not tried yet."""
        self._settings = config.inspector
        self._max_bytes = config.flows.memory_max_bytes
        self._store = store
        self._password = password
        self._web: Web | None = None
        self._feeder: Feeder | None = None

    @property
    def master(self) -> Master | None:
        """Its mitmproxy, if it runs."""
        return self._web if self.running else None

    @property
    def running(self) -> bool:
        """True from the moment its page can be opened until `stop`."""
        return self._feeder is not None

    @property
    def port(self) -> int:
        """The port it listens on, or is to listen on."""
        return self._web.port if self._web else self._settings.port

    @property
    def url(self) -> str | None:
        """Its page with the token that opens it (none if only a password's hash is known); None if it does not run."""
        if self._web is None or not self.running:
            return None
        password = self._password or ""
        readable = password and not password.startswith("$")  # mitmproxy takes what begins so for an argon2 hash
        return self._web.web_url + (f"?token={quote(password, safe='')}" if readable else "")

    async def start(self) -> None:
        """Loads mitmproxy, builds it on the running loop and opens its page. Never raises: see `error`."""
        try:
            await self._start()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a guest's failure of whatever kind is not the daemon's
            self.error = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            log.error("the inspector does not run, all else does: %s", self.error)  # noqa: TRY400 - one line
            await self.stop()

    async def stop(self) -> None:
        """Closes the page and its connections. Does nothing if it does not run."""
        if self._feeder is not None:
            self._feeder.stop()
            self._feeder = None
        if self._web is not None:
            web, self._web = self._web, None
            await web.done()

    async def _start(self) -> None:
        confdir = self._settings.ca_dir or state_dir() / "mitmproxy"
        await asyncio.to_thread(_load, confdir)
        from ccproxy.fronts.interceptor.feeder import Feeder
        from ccproxy.fronts.interceptor.web import Web

        self._web = Web(self._settings, confdir, self._password)
        await self._web.running()
        self._feeder = Feeder(self._store, self._web.view, self._settings.max_flows, self._max_bytes)
        self._feeder.start()
        log.info("the inspector is at http://%s:%d/", self._settings.mitmproxy.web_host, self.port)


def _load(confdir: Path) -> None:
    """What takes long and needs no loop: the import of mitmproxy and, at the first start, the making of its CA."""
    importlib.import_module("ccproxy.fronts.interceptor.feeder")
    importlib.import_module("ccproxy.fronts.interceptor.web").prepare(confdir)
