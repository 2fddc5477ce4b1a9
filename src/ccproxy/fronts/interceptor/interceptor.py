"""The way into the house for jails. Loads with the first one, or with the inspector, whose mitmproxy it shares."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ccproxy.config.paths import state_dir

if TYPE_CHECKING:
    from ccproxy.config import Config
    from ccproxy.fronts.interceptor.external import External
    from ccproxy.fronts.interceptor.inspector import Inspector
    from ccproxy.fronts.interceptor.jails import Jails
    from ccproxy.gateway.claims import Claims
    from ccproxy.gateway.gateway import Gateway
    from ccproxy.gateway.recorder import Recorder


class Interceptor:
    """Made at the daemon's start; costs nothing until somebody asks for `jails`."""

    def __init__(
        self,
        config: Config,
        gateway: Gateway,
        claims: Claims,
        recorder: Recorder,
        inspector: Callable[[], Inspector | None],
        proxy_port: Callable[[], int],
    ) -> None:
        self._config, self._gateway, self._claims, self._recorder = config, gateway, claims, recorder
        self._inspector, self._proxy_port = inspector, proxy_port
        self.ready = asyncio.Event()
        """Set once the inspector has loaded, or will not: two mitmproxies would not go together."""
        self._lock = asyncio.Lock()
        self._jails: Jails | None = None
        self._external: External | None = None

    @property
    def running(self) -> Jails | None:
        """The jails, if there have been any."""
        return self._jails

    async def jails(self) -> Jails:
        """The jails. Raises OSError if mitmproxy's CA cannot be made."""
        await self.ready.wait()
        async with self._lock:
            if self._jails is None:
                self._jails = await self._load()
            return self._jails

    async def external(self) -> External:
        """The listener for other machines."""
        jails = await self.jails()
        if self._external is None:
            from ccproxy.fronts.interceptor.external import External

            self._external = External(jails)
        return self._external

    async def close(self) -> None:
        """Ends all jails' listeners."""
        if self._jails is not None:
            await self._jails.close_all()

    async def _load(self) -> Jails:
        await asyncio.to_thread(importlib.import_module, "ccproxy.fronts.interceptor.jails")
        await asyncio.to_thread(importlib.import_module, "ccproxy.fronts.interceptor.equipment")
        from ccproxy.fronts.interceptor.equipment import Equipment
        from ccproxy.fronts.interceptor.jails import Jails

        inspector = self._inspector()
        master = inspector.master if inspector is not None else None
        if master is None:
            from ccproxy.fronts.interceptor.masters import headless

            master = await headless(self._config.inspector, self._config.inspector.ca_dir or state_dir() / "mitmproxy")
        equipment = Equipment(self._config, master, self._claims, self._gateway, self._recorder)
        return Jails(equipment, self._proxy_port)
