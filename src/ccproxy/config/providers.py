"""`providers`: the map from a name to where its requests go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from ccproxy.config.api_paths import (
    CODE_ASSIST_HOST,
    CODEX_PATH,
    is_code_assist,
    is_written_as_code_assist,
    wire_format,
    with_path,
)
from ccproxy.config.credentials import Auth
from ccproxy.config.section import Complaint, Raw, Section
from ccproxy.config.values import BaseUrl, FilePath, Hostname, ProxyUrl, RequestPath, Seconds, SecondsOrZero, Text

NOWHERE = "does not say where the provider is"


ProviderType = Annotated[
    Literal["anthropic", "openai", "openai_responses", "gemini", "perplexity_pro", "simulator"],
    BeforeValidator(wire_format),
]


class ProviderTimeouts(Section):
    """`providers.NAME.timeouts`: limits of this provider in place of those of `transport`."""

    connect_seconds: Seconds | None = None
    first_byte_seconds: Seconds | None = None
    idle_seconds: Seconds | None = None


class ProviderRetry(Section):
    """`providers.NAME.retry`: for which answers a request is sent again. By default for none."""

    statuses: list[Annotated[int, Field(ge=400, le=599)]] = Field(default_factory=list)
    """Such as 429, 503, 529."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    """How often it is sent in all."""
    max_delay_seconds: SecondsOrZero = 30.0
    """Where the provider asks for a longer pause, its answer goes to the client at once."""


class Provider(Section):
    """One entry of `providers`. Exactly one of `host` and `base_url` says where it is; the simulator is nowhere."""

    retired_keys: ClassVar[dict[str, str]] = {"provider": "it is called type now"}

    type: ProviderType
    host: Hostname | None = None
    """https, port 443."""
    base_url: BaseUrl | None = None
    """Any http or https URL; `path` is appended to its path. `simulator:` is the simulator, in the format of `type`."""
    path: RequestPath = ""
    """May hold `{model}` and `{action}`; by default that of the type's API, without the version if base_url ends so."""
    auth: Auth | None = None
    fingerprint_profile: Text | None = None
    shape: Text | None = None
    """Which profile of `shaping.providers` its requests are shaped by, if any."""
    on_shape_error: Literal["fail", "pass"] = "fail"
    """What becomes of a request that cannot be shaped: it is refused, or goes as it is."""
    project: Text | None = None
    """Code Assist only: the Google Cloud project that pays for requests; null means that Google is asked for it."""
    http2: bool = False
    proxy: ProxyUrl | None = None
    """A proxy's URL, or `direct`; null means that of `transport`."""
    ca_file: FilePath | None = None
    """Certificates to trust beside the system's, for this provider."""
    timeouts: ProviderTimeouts = Field(default_factory=ProviderTimeouts)
    retry: ProviderRetry = Field(default_factory=ProviderRetry)

    @property
    def is_codex(self) -> bool:
        """True for the ChatGPT backend, or what stands in its place: its Responses API is not quite the public one."""
        path = urlsplit(self.base_url or "").path.rstrip("/") + self.path
        return self.type == "openai_responses" and path.partition("?")[0].endswith(CODEX_PATH)

    @property
    def is_code_assist(self) -> bool:
        """True for Gemini by way of Code Assist, which has each call of the Gemini API in an envelope of its own."""
        return is_code_assist(self.type, self.path)

    @classmethod
    def unfold(cls, written: object) -> object:
        """The default path is filled in."""
        return with_path(written)

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """Where it is, said once; a project only where there is such a thing, a header only where it may be another."""
        given = [key for key in ("host", "base_url") if raw.get(key) is not None]
        simulated = raw.get("type") == "simulator"
        if len(given) == 2:
            yield Complaint(("base_url",), "is given beside host", "keep one of the two")
        if simulated and given:
            yield Complaint((given[0],), "has no meaning for the simulator, which is part of ccproxy", "remove it")
        if not simulated and not given:
            example = "host: api.example.com, or base_url: http://127.0.0.1:11434"
            yield Complaint((), NOWHERE, f"add {example}")
        if raw.get("project") is not None and not is_written_as_code_assist(raw):
            hint = f"remove it, or write host: {CODE_ASSIST_HOST} (of Vertex AI, the project stands in `path`)"
            yield Complaint(("project",), "has a meaning for Code Assist only", hint)
        auth = raw.get("auth")
        if raw.get("type") == "perplexity_pro" and isinstance(auth, Mapping) and auth.get("header") is not None:
            message = "has no meaning for Perplexity, which is sent the credential as its session's cookie"
            yield Complaint(("auth", "header"), message, "remove it")
