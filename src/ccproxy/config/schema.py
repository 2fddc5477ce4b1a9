"""`Config`: everything that can be configured, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from ccproxy.config import paths
from ccproxy.config.credentials import AuthKnobs
from ccproxy.config.crosscheck import disagreements
from ccproxy.config.errors import KeyPath, Place
from ccproxy.config.hooks import Hooks
from ccproxy.config.inspector import Inspector
from ccproxy.config.jail import Jail
from ccproxy.config.layers import Places
from ccproxy.config.providers import Provider
from ccproxy.config.section import Complaint, Raw, Section
from ccproxy.config.services import Flows, Listener, Mcp, Otel, Transport
from ccproxy.config.shaping import Shaping
from ccproxy.config.transforms import LightLLM
from ccproxy.config.values import Address, FilePath, LogLevel, Port, Seconds, SecondsOrZero, Text, Url
from ccproxy.config.vendors import GeminiCapacity, Perplexity


class Config(Section):
    """The configuration. `load_config` makes one; `Config()` is the defaults."""

    retired_keys: ClassVar[dict[str, str]] = {
        "debug": "write log_level: DEBUG",
        "oat_sources": "write them as providers with auth",
        "mitm": "it is called inspector now",
        "compliance": "it is called shaping now",
        "litellm": "nothing of LiteLLM is left: use providers",
    }

    host: Address = "127.0.0.1"
    port: Port = 4000
    log_level: LogLevel = "INFO"
    log_file: FilePath | None = Field(default=Path("ccproxy.log"), validate_default=True)
    """null means no file."""
    journal_identifier: Text | None = None
    use_journal: bool = False
    provider_timeout: Seconds | None = None
    """If set, replaces `transport.first_byte_timeout_seconds`."""
    verify_readiness_on_startup: bool = False
    readiness_probe_url: Url = "https://1.1.1.1"
    readiness_probe_timeout_seconds: Seconds = 5.0
    shutdown_grace_seconds: SecondsOrZero = 8.0
    """How long streams may go on after the daemon was told to stop."""
    find_logins: bool = True
    """Whether gemini-cli's login, if there is one, is a provider by itself; see `found_logins`."""

    listener: Listener = Field(default_factory=Listener)
    transport: Transport = Field(default_factory=Transport)
    auth: AuthKnobs = Field(default_factory=AuthKnobs)
    providers: dict[str, Provider] = Field(default_factory=dict)
    lightllm: LightLLM = Field(default_factory=LightLLM)
    hooks: Hooks = Field(default_factory=dict, validate_default=True)
    shaping: Shaping = Field(default_factory=Shaping)
    inspector: Inspector = Field(default_factory=Inspector)
    jail: Jail = Field(default_factory=Jail)
    flows: Flows = Field(default_factory=Flows)
    mcp: Mcp = Field(default_factory=Mcp)
    otel: Otel = Field(default_factory=Otel)
    gemini_capacity: GeminiCapacity = Field(default_factory=GeminiCapacity)
    pplx: Perplexity = Field(default_factory=Perplexity)

    _base_dir: Path | None = PrivateAttr(None)
    _sources: tuple[Path, ...] = PrivateAttr(())
    _places: Places = PrivateAttr(default_factory=Places)

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """What blocks must agree about."""
        return disagreements(raw)

    @model_validator(mode="after")
    def _settle(self) -> Self:
        """Settings in their old places move to the present ones, so that readers look in one place only."""
        if self.inspector.transforms:
            rules = [*self.lightllm.transforms, *self.inspector.transforms]
            self.__dict__["lightllm"] = self.lightllm.model_copy(update={"transforms": rules})
            self.__dict__["inspector"] = self.inspector.model_copy(update={"transforms": []})
        if self.provider_timeout is not None:
            limit = {"first_byte_timeout_seconds": self.provider_timeout}
            self.__dict__["transport"] = self.transport.model_copy(update=limit)
        return self

    def model_post_init(self, context: Any) -> None:
        """Remember where this came from: `base_dir`, `sources` and `places` of the validation context."""
        context = context or {}
        self._base_dir = context.get("base_dir")
        self._sources = context.get("sources", ())
        self._places = context.get("places") or Places()

    @property
    def base_dir(self) -> Path:
        """The configuration directory: relative paths belong to it, state of this configuration lives there."""
        return self._base_dir or paths.config_dir()

    @property
    def sources(self) -> list[Path]:
        """The files that were read."""
        return list(self._sources)

    def place(self, path: KeyPath) -> Place:
        """Where the value at `path` was written, or the nearest block around it. Empty if nothing was read."""
        return self._places(path)

    def hooks_path(self) -> Path | None:
        """The directory of the user's own hooks, absolute; None if there is to be none. It may not exist."""
        return self.base_dir / self.hooks.hooks_dir if self.hooks.hooks_dir else None

    def log_path(self) -> Path | None:
        """The log file, absolute; None if there is to be none."""
        return self.base_dir / self.log_file if self.log_file else None
