"""The blocks of the daemon's own parts: listener, transport, flows, mcp, otel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ccproxy.config.credentials import Secret
from ccproxy.config.jail import HostGlobText
from ccproxy.config.section import Section
from ccproxy.config.values import Address, Bytes, Count, Days, FilePath, Port, ProxyUrl, Seconds, Text, Url


class Listener(Section):
    """`listener`: limits of the reverse listener. Times in seconds, sizes in bytes."""

    header_timeout_seconds: Seconds = 30.0
    body_timeout_seconds: Seconds = 30.0
    """Longest wait between two pieces of a request body."""
    keepalive_seconds: Seconds = 300.0
    max_body_bytes: Bytes = 134_217_728
    max_header_bytes: Bytes = 65_536


class Transport(Section):
    """`transport`: limits of the way out. There is no limit on a stream as a whole."""

    connect_timeout_seconds: Seconds = 10.0
    first_byte_timeout_seconds: Seconds = 600.0
    idle_timeout_seconds: Seconds = 300.0
    """Longest wait between two pieces of a response body."""
    max_connections_per_origin: Count = 1024
    keepalive_seconds: Seconds = 60.0
    proxy: ProxyUrl | None = None
    """For every provider that names none. null means what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say."""
    ca_file: FilePath | None = None
    """Certificates to trust beside the system's."""


class Flows(Section):
    """`flows`: what is kept of the traffic."""

    archive: Literal["off", "metadata", "full"] = "full"
    """Whether finished flows are kept on the disk, and whether with their bodies."""
    exclude_hosts: list[HostGlobText] = Field(default_factory=list)
    """Flows to these hosts are not archived."""
    secrets: Literal["none", "encrypted"] = "none"
    """Whether credentials are archived: not at all, or encrypted."""
    max_age_days: Days = 30.0
    max_bytes: Bytes = 2 * 1024**3
    """Size of the archive's file."""
    max_flows: Count = 100_000
    queue_bytes: Bytes = 32 * 1024**2
    """What may wait for the disk; beyond it flows are archived without their bodies."""
    default_jq_filters: list[Text] = Field(default_factory=list)
    memory_max_flows: Count = 1000
    memory_max_bytes: Bytes = 33_554_432

    @field_validator("archive", mode="before")
    @classmethod
    def _off(cls, written: object) -> object:
        """YAML 1.1 reads `off` as false."""
        return "off" if written is False else written


class McpHttp(Section):
    """`mcp.http`: the MCP server's own listener."""

    enabled: bool = True
    host: Address = "127.0.0.1"
    port: Port = 4030
    auth: Secret = None
    """Bearer token that clients must send; null means none."""


class McpBuffer(Section):
    """`mcp.buffer`: how many notifications are kept, and how long."""

    max_events_per_task: Count = 65_536
    ttl_seconds: Count = 600


class Mcp(Section):
    """`mcp`."""

    http: McpHttp = Field(default_factory=McpHttp)
    buffer: McpBuffer = Field(default_factory=McpBuffer)


class Otel(Section):
    """`otel`: OpenTelemetry export over OTLP."""

    enabled: bool = False
    endpoint: Url = "http://localhost:4317"
    service_name: Text = "ccproxy"
