"""What the daemon tells of itself on the control plane; `ccproxy status` shows it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ccproxy import __version__
from ccproxy.config.found_logins import found_by

if TYPE_CHECKING:
    from ccproxy.assembly import House
    from ccproxy.config import Config
    from ccproxy.fronts.interceptor.inspector import Inspector


def status_of(config: Config, house: House, inspector: Inspector | None, started: float, url: str) -> dict[str, Any]:
    """The answer of `GET /status`, in plain values.

    Args:
        config: what the daemon runs with.
        house: what it runs.
        inspector: None if it is switched off, or still loading.
        started: when it started, in seconds since the epoch.
        url: where it listens.
    """
    return {
        "version": __version__,
        "pid": os.getpid(),
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "uptime_seconds": round(time.time() - started, 1),
        "proxy": {"host": config.host, "port": int(url.rpartition(":")[2]), "url": url},
        "inspector": _inspector(config, inspector),
        "mcp": {"enabled": False, "running": False, "port": config.mcp.http.port, "url": None},
        "config": {path.name: str(path) for path in config.sources},
        "log": str(config.log_path()) if config.log_path() else None,
        "rules": len(config.lightllm.transforms),
        "hooks": config.model_dump(mode="json", include={"hooks"})["hooks"],
        "pipeline": house.pipeline.current.describe(),
        "hooks_error": house.pipeline.error,
        "flows": {"count": len(house.store), "active": house.store.active},
        "archive": house.archive.status(),
        "shaping": config.shaping.enabled,
        "shapes": house.shapes.status() if house.shapes is not None else [],
        "providers": [_provider(config, house, name) for name in house.providers],
    }


def _provider(config: Config, house: House, name: str) -> dict[str, Any]:
    provider = house.providers[name]
    return {
        "name": name,
        "type": provider.type,
        "origin": str(provider.origin),
        "auth": provider.auth_type,
        "credential": house.credentials.known(name),
        "found": found_by(config.place(("providers", name))),
        **house.credentials.account(name),
    }


def _inspector(config: Config, inspector: Inspector | None) -> dict[str, Any]:
    if inspector is None:
        return {"running": False, "port": config.inspector.port, "url": None, "error": None}
    return {
        "running": inspector.running,
        "port": inspector.port,
        "url": inspector.url,
        "error": inspector.error,
    }
