"""The composition root: runs the house, and shuts it down in order.

The reverse front is up first. What takes longer to load, the control plane and mitmproxy, follows behind it in
threads while the first requests are already being answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import resource
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import uvloop

from ccproxy import __version__, log, preflight
from ccproxy.assembly import House, unusable_certificates
from ccproxy.auth import CredentialError, build_source
from ccproxy.config import Config, control_socket
from ccproxy.config.found_logins import found_by
from ccproxy.config.paths import archive_path
from ccproxy.config.pending import not_acted_on, shapes_nothing
from ccproxy.fronts import control
from ccproxy.fronts.interceptor.interceptor import Interceptor
from ccproxy.fronts.reverse import ReverseFront
from ccproxy.gateway.former_threads import recall
from ccproxy.gateway.translation.request import load_types
from ccproxy.status import status_of
from ccproxy.transport.profiles import imperfect_profiles, require_profiles
from ccproxy.transport.readiness import NotReady, require_reachable

if TYPE_CHECKING:
    from ccproxy.flows.archive.feeding.feed import Feed
    from ccproxy.flows.store import FlowStore
    from ccproxy.fronts.interceptor.inspector import Inspector
    from ccproxy.gateway.gateway import Gateway
    from ccproxy.gateway.pplx_desk import Desk
    from ccproxy.providers.provider import ProviderMap
    from ccproxy.providers.standing import Credentials

logger = logging.getLogger(__name__)

GC_THRESHOLDS = (50_000, 20, 50)
"""Exchanges are freed by counting references; a collection that looks at all that is kept takes milliseconds."""

SWITCH_SECONDS = 0.0005
"""How long a thread that needs the interpreter waits for another that has it, the event loop above all: not 5 ms."""

LOOK_SECONDS = 0.1
"""How long the answer of GET /status may wait for a look at the files of credentials."""

ARCHIVE_SECONDS = 2.0
"""How long the daemon waits at its end for word that the flows are archived; its writer goes on without it."""


def run(config: Config) -> int:
    """Runs the daemon in the foreground until it is told to stop. The exit status: 0, or 1 if it cannot start.

    Raises ConfigError.
    """
    os.umask(0o077)  # whatever a daemon with credentials writes is its user's only
    require_profiles(config)
    try:
        lock = control.acquire(control_socket(config.base_dir))
        try:
            log.set_up(config.log_level, config.log_path())
            raise_file_limit()
            sys.setswitchinterval(SWITCH_SECONDS)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(Daemon(config).main())
        finally:
            lock.release()
    except (control.AlreadyRunning, preflight.PortTaken, NotReady, OSError) as error:
        sys.stderr.write(f"ccproxy: {error}\n")
        return 1
    return 0


class Daemon:
    """One running ccproxy. Implements `fronts.control.DaemonView`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._house = house = House(config)
        self._front = ReverseFront(house.gateway, config.listener)
        self._started, self._port = time.time(), config.port
        self._inspector: Inspector | None = None
        self.interceptor = Interceptor(
            config, house.gateway, house.claims, house.recorder, lambda: self._inspector, lambda: self._port
        )
        self._control: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def main(self) -> None:
        """Runs until stopped. Raises PortTaken and NotReady."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        self.archive.attach(self.store)
        await self._open()
        watches = self._house.pipeline.watch(), self.credentials.watch(logger.warning)
        former = recall(self.providers, archive_path())
        behind = [loop.create_task(each) for each in (self._load(), former, *watches)]
        for name, provider in self.providers.items():
            if provider.code_assist is not None:  # of what nobody has configured, nothing is changed
                provider.code_assist.begin(onboards=found_by(self.config.place(("providers", name))) is None)
        await self._stopping.wait()
        for task in behind:
            task.cancel()
        await self._close()

    @property
    def store(self) -> FlowStore:
        """The exchanges."""
        return self._house.store

    @property
    def archive(self) -> Feed:
        """The way of the exchanges to the archive."""
        return self._house.archive

    @property
    def gateway(self) -> Gateway:
        """What handles exchanges."""
        return self._house.gateway

    @property
    def providers(self) -> ProviderMap:
        """The providers by name."""
        return self._house.providers

    def reload_shapes(self) -> dict[str, str]:
        """Reads the shapes of all profiles that providers name; gives those that cannot be used, and why. Blocks."""
        shapes = self._house.shapes
        return {name: str(error) for name, error in shapes.reload().items()} if shapes is not None else {}

    def stop(self) -> None:
        """Begins the shutdown."""
        self._stopping.set()

    @property
    def credentials(self) -> Credentials:
        """The credentials of all providers."""
        return self._house.credentials

    @property
    def desk(self) -> Desk:
        """Where Perplexity accounts are asked about."""
        return self._house.desk

    async def status(self) -> dict[str, Any]:
        """What the control plane tells."""
        await self.credentials.look_again(LOOK_SECONDS)
        return status_of(self.config, self._house, self._inspector, self._started, self._url)

    async def _open(self) -> None:
        config = self.config
        preflight.require_free(config.host, config.port, "port")
        if config.inspector.enabled:
            preflight.require_free(config.inspector.mitmproxy.web_host, config.inspector.port, "inspector.port")
        if config.verify_readiness_on_startup:
            limit = config.readiness_probe_timeout_seconds
            await require_reachable(config.readiness_probe_url, limit, self._house.transport)
        try:
            self._port = await self._front.start(config.host, config.port)
        except OSError as error:
            raise preflight.PortTaken(preflight.describe(config.host, config.port, "port", error)) from error
        where = config.sources[0] if config.sources else "no ccproxy.yaml: defaults (`ccproxy init` writes one)"
        logger.info("ccproxy %s listens on %s (%s)", __version__, self._url, where)
        if config.host not in ("127.0.0.1", "::1", "localhost"):
            logger.warning("the listener is open to others than this machine: who reaches it can use your providers")

        for name in config.providers:
            if file := found_by(config.place(("providers", name))):
                logger.info("%s is there, so there is a provider %r (find_logins: false keeps it away)", file, name)
        if pending := not_acted_on(config):
            logger.warning("this version accepts these settings but does not act on them yet: %s", ", ".join(pending))
        if shapes_nothing(config):
            logger.warning("ccproxy.hooks.shape is listed, but no provider names a profile: put `shape: NAME` into one")

    async def _load(self) -> None:
        """What follows behind the listener. What is loaded stays, so the garbage collector need not look at it."""
        gc.disable()
        try:
            for module in ("uvicorn", "starlette.applications", "starlette.routing"):
                await asyncio.to_thread(importlib.import_module, module)
            serving = control.serve(control.app(self), control_socket(self.config.base_dir))
            self._control = asyncio.get_running_loop().create_task(serving)
            self._control.add_done_callback(report_failure)
            await self._house.transport.load()
            if self._house.shapes is not None:
                await self._house.shapes.loaded()
            if self.config.inspector.enabled:
                await self._start_inspector()
            self.interceptor.ready.set()
            for lines in (unusable_certificates(self.config), imperfect_profiles(self.config)):
                for line in await asyncio.to_thread(list, lines):
                    logger.warning("%s", line)
            ahead = self.config.lightllm.load_ahead
            if ahead and any(provider.format is not None for provider in self._house.providers.values()):
                await load_types()
        finally:
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            gc.enable()

    async def _start_inspector(self) -> None:
        source = build_source(self.config.inspector.mitmproxy.web_password, self.config.auth, self._house.post)
        try:
            password = (await source.token()).token if source is not None else None
        except CredentialError as error:
            logger.error("the inspector does not run: inspector.mitmproxy.web_password: %s", error)  # noqa: TRY400
            return
        from ccproxy.fronts.interceptor.inspector import Inspector

        self._inspector = Inspector(self.config, self.store, password)
        await self._inspector.start()

    async def _close(self) -> None:
        logger.info("stopping; answers under way have %g s", self.config.shutdown_grace_seconds)
        await self._front.stop(self.config.shutdown_grace_seconds)
        await self.interceptor.close()
        if self._inspector is not None:
            await self._inspector.stop()
        if self._control is not None:
            self._control.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._control
        await asyncio.gather(*(account.close() for account in self.providers.accounts()))
        await self.credentials.settled()
        await self._house.transport.close()
        self._house.recorder.flush()
        await asyncio.to_thread(self.archive.close, ARCHIVE_SECONDS)
        logger.info("stopped")

    @property
    def _url(self) -> str:
        host = self.config.host
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"


def report_failure(task: asyncio.Task[None]) -> None:
    """Says in the log why the control plane ended, if it did so by itself."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("the control plane does not run, `ccproxy status` will not see this daemon: %s", error)


def raise_file_limit() -> None:
    """As many sockets as the system allows: each exchange under way has two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
