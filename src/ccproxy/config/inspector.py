"""`inspector`: mitmweb, and what mitmproxy is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ccproxy.config.credentials import Secret
from ccproxy.config.section import Complaint, Raw, Section
from ccproxy.config.transforms import Transform
from ccproxy.config.values import Address, Count, FilePath, Port, RegexText, SizeText, Text

KNOWN_HOSTS = {
    "api.anthropic.com": "anthropic",
    "api.openai.com": "openai",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
}


def _over_known_hosts(written: object) -> object:
    """The user's entries over ours; null takes one of ours away."""
    if not isinstance(written, dict):
        return written
    return {host: name for host, name in {**KNOWN_HOSTS, **written}.items() if name is not None}


class Mitmproxy(Section):
    """`inspector.mitmproxy`: mitmproxy's options of these names (https://docs.mitmproxy.org/stable/concepts/options/)."""

    confdir: FilePath | None = None
    """null means `inspector.cert_dir`."""
    ssl_insecure: bool = False
    stream_large_bodies: SizeText | None = None
    body_size_limit: SizeText | None = None
    web_host: Address = "127.0.0.1"
    web_password: Secret = None
    """null means a random one at each start."""
    web_open_browser: bool = False
    ignore_hosts: list[RegexText] = Field(default_factory=list)
    allow_hosts: list[RegexText] = Field(default_factory=list)
    termlog_verbosity: Literal["error", "warn", "info", "alert", "debug"] = "warn"
    flow_detail: Annotated[int, Field(ge=0, le=4)] = 0

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """mitmproxy's own rule."""
        if raw.get("ignore_hosts") and raw.get("allow_hosts"):
            yield Complaint(("allow_hosts",), "is given beside ignore_hosts", "keep one of the two")


class Inspector(Section):
    """`inspector`."""

    enabled: bool = True
    port: Port = 8083
    max_flows: Count = 500
    """How many flows the inspector shows; older ones leave its view."""
    cert_dir: FilePath | None = None
    provider_map: Annotated[dict[str, Text], BeforeValidator(_over_known_hosts)] = Field(
        default_factory=lambda: dict(KNOWN_HOSTS)
    )
    """Host to vendor name, for telemetry only. Entries are added to the known hosts; null removes one."""
    transforms: list[Transform] = Field(default_factory=list)
    """The 2.0 place of `lightllm.transforms`; empty once loaded, because they are appended there."""
    keylog: bool = False
    """Whether the keys of jails' connections are written, for Wireshark."""
    mitmproxy: Mitmproxy = Field(default_factory=Mitmproxy)

    @property
    def ca_dir(self) -> Path | None:
        """Where mitmproxy keeps its CA, if the user says so."""
        return self.mitmproxy.confdir or self.cert_dir
