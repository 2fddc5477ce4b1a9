"""What `ccproxy status` knows: the daemon's own word, the configuration's, and whether the ports answer."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccproxy import __version__
from ccproxy.cli.address import Address
from ccproxy.cli.control import NoAnswerError, Status
from ccproxy.cli.grammar import CommandError
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.config import Config


class Report:
    """A look at one configuration and its daemon. Asks only what somebody wants to know, and each thing once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.directory = session.config_dir()
        self.trouble: list[str] = []
        """Why a daemon that seems to be there does not answer."""
        self.mute = False
        """Whether one runs all the same."""
        self.daemon = self.ask()

    def ask(self) -> Status | None:
        """The daemon's word; None if there is none or it does not answer."""
        try:
            return self.session.control().status()
        except CommandError as error:
            self.mute = isinstance(error, NoAnswerError)
            self.trouble.append(str(error))
            return None

    @cached_property
    def loaded(self) -> tuple[Config, list[str]]:
        """The configuration, or the defaults if it is broken, and what is wrong with it."""
        from ccproxy.config import Config, ConfigError

        try:
            return self.session.config(), []
        except ConfigError as error:
            return Config(), str(error).splitlines()

    @property
    def config(self) -> Config:
        """The configuration, or the defaults if it is broken."""
        return self.loaded[0]

    @cached_property
    def changed(self) -> bool:
        """Whether the daemon runs with another ccproxy.yaml than the one that is there now."""
        if self.daemon is None:
            return False
        if self.daemon["config"] != self.config_files:
            return True
        started = datetime.fromisoformat(self.daemon["started"]).timestamp()
        return any(Path(path).stat().st_mtime > started + 1 for path in self.config_files.values())

    @property
    def problems(self) -> list[str]:
        """What is wrong with the configuration, the daemon or the hooks, a line each."""
        known_good = self.daemon is not None and not self.changed  # a file that a daemon runs with is valid
        return [*([] if known_good else self.loaded[1]), *self.trouble, *self.hooks_problems]

    @property
    def hooks_problems(self) -> list[str]:
        """Why hooks could not be loaded, by the daemon or here. The daemon goes on with those that it had."""
        if self.daemon is None:
            return self.pipeline_here[1]
        error = self.daemon.get("hooks_error")
        return [f"hooks: {line}" for line in error.splitlines()] if error else []

    @property
    def pipeline(self) -> dict[str, Any]:
        """The hooks of each stage in their order, as `Pipeline.describe` tells them."""
        return self.pipeline_here[0] if self.daemon is None else self.daemon.get("pipeline") or {}

    @cached_property
    def pipeline_here(self) -> tuple[dict[str, Any], list[str]]:
        """The pipeline that a daemon would have, loaded in this process, and what is wrong with it."""
        from ccproxy.cli.hooks.loading import describe

        config, wrong = self.loaded
        return ({}, []) if wrong else describe(config)

    @property
    def proxy(self) -> Address:
        """Where the proxy is, or would be."""
        if self.daemon:
            return Address.of(self.daemon["proxy"]["host"], self.daemon["proxy"]["port"])
        return Address.of(self.config.host, self.config.port)

    @property
    def inspector(self) -> Address:
        """Where the inspector is, or would be."""
        if self.daemon:
            return Address.told(self.daemon["inspector"]["url"], self.daemon["inspector"]["port"])
        return Address.of(self.config.inspector.mitmproxy.web_host, self.config.inspector.port)

    @property
    def mcp(self) -> Address:
        """Where the MCP server is, or would be."""
        if self.daemon:
            return Address.told(self.daemon["mcp"]["url"], self.daemon["mcp"]["port"])
        return Address.of(self.config.mcp.http.host, self.config.mcp.http.port)

    @property
    def inspector_enabled(self) -> bool:
        """Whether there is an inspector or is to be one. A daemon that loads it still does not tell yet."""
        if self.daemon:
            told = self.daemon["inspector"]
            return bool(told["running"] or told["url"] or told["error"])
        return self.config.inspector.enabled

    @property
    def mcp_enabled(self) -> bool:
        """Whether there is to be an MCP server."""
        return self.daemon["mcp"]["enabled"] if self.daemon else self.config.mcp.http.enabled

    @cached_property
    def proxy_up(self) -> bool:
        """Whether the proxy's port answers."""
        return self.proxy.answers()

    @cached_property
    def inspector_up(self) -> bool:
        """Whether the inspector's port answers."""
        return self.inspector_enabled and self.inspector.answers()

    @cached_property
    def mcp_up(self) -> bool:
        """Whether the MCP server's port answers; one that is switched off counts as down."""
        return self.mcp_enabled and self.mcp.answers()

    def is_up(self, part: str) -> bool:
        """Whether "proxy", "inspector" or "mcp" answers; only the one asked for is tried."""
        return bool(getattr(self, f"{part}_up"))

    @property
    def inspector_url(self) -> str:
        """The inspector's page; with the token, if the daemon told it."""
        return (self.daemon and self.daemon["inspector"]["url"]) or self.inspector.url

    @property
    def mcp_url(self) -> str | None:
        """The MCP endpoint; None if it is switched off."""
        if not self.mcp_enabled:
            return None
        return (self.daemon and self.daemon["mcp"]["url"]) or f"{self.mcp.url}/mcp"

    @property
    def config_files(self) -> dict[str, str]:
        """The configuration file, if there is one, valid or not."""
        path = self.directory / "ccproxy.yaml"
        return {"ccproxy.yaml": str(path)} if path.is_file() else {}

    @property
    def log(self) -> str | None:
        """The log file, if there is one."""
        path = self.config.log_path() if self.daemon is None else Path(self.daemon["log"] or "")
        return str(path) if path is not None and path.is_file() else None

    @property
    def hooks(self) -> dict[str, object]:
        """The hooks of each stage, as configured."""
        if self.daemon:
            return self.daemon["hooks"]
        hooks: dict[str, object] = self.config.model_dump(mode="json", include={"hooks"})["hooks"]
        return hooks

    @cached_property
    def shapes(self) -> list[dict[str, Any]]:
        """How the shapes stand that providers ask for: by the daemon's word, else as far as the configuration tells."""
        if self.daemon is None:
            asked = any(provider.shape for provider in self.config.providers.values())
        else:
            asked = bool(self.daemon.get("shapes"))
        if not asked:
            return []
        from ccproxy.cli.shapes import report

        return report.by_config(self.config) if self.daemon is None else report.by_daemon(self.daemon["shapes"])

    @property
    def shaping(self) -> bool:
        """Whether requests are shaped where a provider asks for it: `shaping.enabled`."""
        return self.config.shaping.enabled if self.daemon is None else self.daemon.get("shaping", True)

    def as_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        return {
            "proxy": self.proxy_up,
            "url": self.proxy.url,
            "config": self.config_files,
            "hooks": self.hooks,
            "log": self.log,
            "inspector": {
                "running": self.inspector_up,
                "entry_port": self.proxy.port,
                "inspect_port": self.inspector.port,
                "inspect_url": self.inspector_url,
            },
            "mcp": {"enabled": self.mcp_enabled, "running": self.mcp_up, "port": self.mcp.port, "url": self.mcp_url},
            "version": self.daemon["version"] if self.daemon else __version__,
            "pid": self.daemon["pid"] if self.daemon else None,
            "uptime": self.daemon["uptime_seconds"] if self.daemon else None,
            "pipeline": self.pipeline,
            "providers": self.daemon["providers"] if self.daemon else [],
            "shaping": self.shaping,
            "shapes": self.shapes,
            "problems": self.problems,
        }
