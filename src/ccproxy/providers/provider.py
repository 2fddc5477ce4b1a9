"""A provider as configured: where it lives, what it speaks, and how a listener path becomes one of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ccproxy.auth import Credential, CredentialError, CredentialSource, Post, build_source, no_post
from ccproxy.config import Config
from ccproxy.config.credentials import AuthKnobs
from ccproxy.config.providers import Provider as ProviderSettings
from ccproxy.config.values import SIMULATED
from ccproxy.exchange import DEFAULT_PORTS, Headers, Origin, WireFormat
from ccproxy.providers.endpoint import Endpoint
from ccproxy.providers.readers import reader_of
from ccproxy.providers.refused import Refused

if TYPE_CHECKING:
    from ccproxy.providers.code_assist_account import Account
    from ccproxy.providers.code_assist_setup import Call
    from ccproxy.providers.perplexity.service import Outside, Service

RESOURCES: dict[WireFormat, str] = {
    WireFormat.ANTHROPIC: "/messages",
    WireFormat.OPENAI: "/chat/completions",
    WireFormat.OPENAI_RESPONSES: "/responses",
    WireFormat.GEMINI: "/models/{model}:{action}",
}
"""What stands behind an API's root in the path of its main call."""

ROOTS: dict[WireFormat, tuple[str, ...]] = {
    WireFormat.ANTHROPIC: ("/v1/", "/anthropic/v1/"),
    WireFormat.OPENAI: ("/v1/",),
    WireFormat.OPENAI_RESPONSES: ("/v1/",),
    WireFormat.GEMINI: ("/v1/", "/v1beta/", "/gemini/v1/", "/gemini/v1beta/"),
}
"""What clients put before the resources of an API."""

SESSION_COOKIE = b"__Secure-next-auth.session-token="
"""By this the web application of Perplexity knows its users."""

EMBEDDED = Origin("simulator", "simulator", 0)
"""The simulator inside this process."""


class NoCredential(Exception):
    """A provider's credential could not be had; the message names both and says why."""


class Provider:
    """One entry of the providers map.

    `format` is None for the simulator, which speaks every format.
    """

    def __init__(self, name: str, config: ProviderSettings, auth: AuthKnobs, post: Post = no_post) -> None:
        self.name = name
        self.type = config.type
        self.format = WireFormat(config.type) if config.type in WireFormat else None
        self.origin, self.prefix = origin_of(config)
        self.is_codex = config.is_codex
        """See `providers.codex`."""
        self.is_code_assist = config.is_code_assist
        """See `providers.gemini_code_assist`."""
        self.code_assist: Account | None = None
        """Whose project its requests are made for; None for all other providers."""
        self.perplexity: Service | None = None
        """What Perplexity has beside its answers: uploads, threads, quota; None for all other providers."""
        self.writing: Mapping[str, Any] = {}
        """What is configured for those who write requests in its format (`ModelCall.options`)."""
        self.reading: Mapping[str, Any] = {}
        """What is configured for those who read its answers (`lightllm.formats.reader_of`)."""
        self.shape = config.shape
        """The profile that its requests are shaped by; None for none."""
        self._path, _, query = config.path.partition("?")
        self._query = query.encode("latin-1")
        self.auth_type = config.auth.type if config.auth is not None else None
        """The kind of its credential source, None if it needs none."""
        self._source: CredentialSource | None = build_source(config.auth, auth, post, read=reader_of(config.type))
        self.failure: str | None = None
        """Why the last request for it got no credential; None if it got one."""
        self.refusal: Refused | None = None
        """That it did not take the credential it still has; None if it has taken it since, or nothing is known."""
        self.remark: str | None = None
        """What is worth saying of how it is configured, though it is not wrong."""

    @property
    def path_has_model(self) -> bool:
        """True if the path names the model (Gemini; Azure's deployments)."""
        return "{model}" in self._path

    @property
    def speaks_everything(self) -> bool:
        """True if any listener format reaches this provider untranslated."""
        return self.type == "simulator"

    @property
    def lacks_credential(self) -> bool:
        """True if it needs a credential, and the configuration does not say where that comes from."""
        return self.format is WireFormat.PERPLEXITY and self._source is None

    def cached_credential(self) -> Credential | None:
        """The credential if it is at hand without waiting."""
        return self._source.cached() if self._source is not None else None

    async def credential(self) -> Credential | None:
        """The credential, fetched if need be; None for a provider that needs none. Raises NoCredential."""
        if self._source is None:
            return None
        try:
            credential = await self._source.token()
        except CredentialError as error:
            self.failure = str(error)
            hint = f"; `ccproxy auth store {self.name}` writes it" if self.auth_type == "file" else ""
            raise NoCredential(f"no credential for provider {self.name!r}: {error}{hint}") from error
        self.failure = None
        self.noticed(credential)
        return credential

    def noticed(self, credential: Credential) -> None:
        """This is its credential now: of another nothing counts that was said before."""
        if self.refusal is not None and self.refusal.token != credential.token:
            self.refusal = None

    async def renew(self, refused: Headers) -> Headers:
        """Other fields than those that were refused, in the order of `credential_fields`. Raises NoCredential."""
        token = token_in(refused)
        if self._source is None:
            raise NoCredential(f"provider {self.name!r} has no credential to renew")
        try:
            credential = await self._source.renew(token)
        except CredentialError as error:
            self.refusal = Refused(token, time.time(), str(error))
            raise NoCredential(f"no other credential for provider {self.name!r}: {error}") from error
        self.refusal = None
        return self.credential_fields(credential)

    def accepted(self, fields: Headers) -> None:
        """The provider has taken fields that `renew` gave, or such as it had refused."""
        token = token_in(fields)
        if self.refusal is not None and self.refusal.token == token:
            self.refusal = None
        if self._source is not None:
            self._source.accepted(token)

    @property
    def source(self) -> CredentialSource | None:
        """Where its credential comes from."""
        return self._source

    @property
    def credential_header(self) -> str:
        """The name of the field that carries a credential, in lower case."""
        usual = "cookie" if self.format is WireFormat.PERPLEXITY else "authorization"
        return (self._source.header if self._source is not None else None) or usual

    def auth_header(self, credential: Credential) -> tuple[bytes, bytes]:
        """The header field that carries a credential: a bearer token, unless another field is configured."""
        if self.format is WireFormat.PERPLEXITY:
            return b"Cookie", SESSION_COOKIE + credential.token.encode("latin-1")
        name = self.credential_header
        bearer = name.lower() == "authorization"
        return name.encode("latin-1"), (b"Bearer " if bearer else b"") + credential.token.encode("latin-1")

    def credential_fields(self, credential: Credential) -> Headers:
        """The header fields that carry a credential: the token's first, then those that go with it."""
        companions = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in credential.headers]
        return [self.auth_header(credential), *companions]

    def target(self, endpoint: Endpoint, query: bytes, model: str | None = None) -> bytes:
        """The provider's request-target for an endpoint of its own format."""
        path = self._path
        if "{" in path:
            wanted = in_path(model) if model is not None else endpoint.model or ""
            path = path.replace("{model}", wanted).replace("{action}", endpoint.action or "")
        return self._join(path + endpoint.rest, query)

    def other_target(self, path: str, query: bytes) -> bytes:
        """The request-target for a path beside the API's main one, such as `/v1/files`.

        Where the provider's path is an API root and the format's resource, the root replaces the client's.
        """
        if self.format in RESOURCES and self._path.endswith(resource := RESOURCES[self.format]):
            root = next((root for root in ROOTS[self.format] if path.startswith(root)), None)
            if root is not None:
                path = self._path.removesuffix(resource) + "/" + path.removeprefix(root)
        return self._join(path, query)

    def models_target(self, query: bytes = b"") -> bytes | None:
        """The request-target of its list of models; None where its path tells not where that would be."""
        resource = RESOURCES.get(self.format, "") if self.format is not None else ""
        root = self._path.removesuffix(resource)
        return self._join(root + "/models", query) if root != self._path and "{" not in root else None

    def plain_target(self, path: str, query: bytes) -> bytes:
        """The request-target for a path kept as it is."""
        return self._join(path, query)

    def operation_target(self, name: str) -> bytes:
        """The request-target of an operation that Code Assist has named, such as `operations/1`."""
        return self._join(f"{self._path.removesuffix(':{action}')}/{name}", b"")

    def _join(self, path: str, query: bytes) -> bytes:
        target = (self.prefix + path).encode("latin-1")
        queries = [q for q in (self._query, query) if q]
        if query and query in self._query.split(b"&"):
            queries.remove(query)
        return target + b"?" + b"&".join(queries) if queries else target


def token_in(fields: Headers) -> str:
    """The token of a credential's fields."""
    return fields[0][1].removeprefix(b"Bearer ").removeprefix(SESSION_COOKIE).decode("latin-1") if fields else ""


def in_path(model: str) -> str:
    """A model's name as part of a path (RFC 3986 §3.3); some names have slashes, which stay."""
    return quote(model, safe="/@:~", errors="replace")


def origin_of(config: ProviderSettings) -> tuple[Origin, str]:
    """The origin of a provider and the path prefix of its base URL."""
    if config.host is not None:
        return Origin("https", config.host, 443), ""
    if config.base_url is None or config.base_url == SIMULATED:
        return EMBEDDED, ""
    parts = urlsplit(config.base_url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Origin(parts.scheme, parts.hostname or "", port), parts.path.rstrip("/")


class ProviderMap(dict[str, Provider]):
    """Providers by name."""

    def accounts(self) -> list[Account]:
        """Those of all Code Assist providers."""
        return [provider.code_assist for provider in self.values() if provider.code_assist is not None]


def build_providers(
    config: Config,
    post_of: Callable[[str], Post] = lambda name: no_post,
    call_of: Callable[[str], Call | None] = lambda name: None,
    outside: Outside | None = None,
) -> ProviderMap:
    """All providers of a configuration.

    Args:
        config: the configuration.
        post_of: gives, by a provider's name, how its credential is refreshed.
        call_of: the same for how its API is called by ourselves; None where it is not to be.
        outside: the way to what clients name by URLs, for a provider that takes files only.
    """
    providers = ProviderMap(
        (name, Provider(name, entry, config.auth, post_of(name))) for name, entry in config.providers.items()
    )
    for name, provider in providers.items():
        if provider.is_code_assist:
            from ccproxy.providers.code_assist_account import Account  # which most have no use for

            provider.code_assist = Account(provider, config.providers[name].project, call_of(name))
        elif provider.format is WireFormat.PERPLEXITY:
            from ccproxy.providers.perplexity.headers import remark_on  # the same
            from ccproxy.providers.perplexity.service import Service

            provider.remark = remark_on(config.providers[name])
            provider.writing = config.pplx.search.model_dump()
            provider.reading = {"citations": config.pplx.thread.citation_mode}
            provider.perplexity = Service(provider, config.pplx, call_of(name), outside)
    return providers
