"""A mitmproxy without a page, for jails of a daemon whose inspector is off or could not start."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from mitmproxy import addons
from mitmproxy.master import Master
from mitmproxy.options import Options

from ccproxy.fronts.interceptor.web import LEVELS, chosen, prepare

if TYPE_CHECKING:
    from ccproxy.config.inspector import Inspector


async def headless(settings: Inspector, confdir: Path) -> Master:
    """A master that listens nowhere, with mitmproxy's default addons. Raises OSError."""
    await asyncio.to_thread(prepare, confdir)
    logging.getLogger("mitmproxy").setLevel(LEVELS[settings.mitmproxy.termlog_verbosity])
    master = Master(Options(server=False, mode=[], confdir=str(confdir)), asyncio.get_running_loop())
    master.addons.add(*addons.default_addons())  # type: ignore[no-untyped-call]
    master.options.update(**chosen(settings))  # type: ignore[no-untyped-call]
    await master.running()
    return master
