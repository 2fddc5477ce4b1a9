"""The providers' own lists of models: asked for when somebody wants a list, and kept for an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass

from ccproxy import __version__
from ccproxy.codings import decode
from ccproxy.exchange import Headers, HttpRequest, WireFormat, get_header
from ccproxy.gateway.injection import divided, injected
from ccproxy.providers.catalog import Model, known_hosts, read_models
from ccproxy.providers.provider import NoCredential, Provider
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.transport import Transport

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 5.0
"""For a credential and an answer."""
KEPT_SECONDS = 3600.0
KEPT_FAILURE_SECONDS = 60.0
"""A provider that did not list its models is not asked again so long."""
LIMIT_BYTES = 8 * 1024 * 1024

OWN_FIELDS: dict[WireFormat, Headers] = {WireFormat.ANTHROPIC: [(b"anthropic-version", b"2023-06-01")]}
QUERIES: dict[WireFormat, bytes] = {WireFormat.ANTHROPIC: b"limit=1000", WireFormat.GEMINI: b"pageSize=1000"}
"""So that the first page is all of it."""


class _NoList(Exception):
    """Why there is none."""


@dataclass(slots=True)
class _Told:
    models: list[Model] | None
    """None where asking failed."""
    until: float
    """`time.monotonic()`."""


class LiveModels:
    """What providers say that they serve. Asking goes on in the background, whoever still waits for it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._told: dict[str, _Told] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def models(self, provider: Provider) -> list[Model] | None:
        """What a provider has said; None if it has not."""
        told = self._told.get(provider.name)
        return told.models if told is not None else None

    def ask(self, providers: Collection[Provider], *, refresh: bool = False) -> list[asyncio.Task[None]]:
        """Starts asking those that have a list and were not asked for long, with `refresh` all that have one.

        Returns what is worth waiting for: with `refresh` all of it, else the providers that were never asked before.
        """
        askable = [provider for provider in providers if has_list(provider)]
        new = [self._start(provider) for provider in askable if provider.name not in self._told or refresh]
        for provider in askable:
            if (told := self._told.get(provider.name)) is not None and told.until < time.monotonic():
                self._start(provider)
        return new

    def _start(self, provider: Provider) -> asyncio.Task[None]:
        task = self._asking.get(provider.name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(provider))
            if not task.done():  # tasks may start eagerly
                self._asking[provider.name] = task
                task.add_done_callback(lambda _: self._asking.pop(provider.name, None))
        return task

    async def _ask(self, provider: Provider) -> None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                models = await self._get(provider)
        except (TimeoutError, NoCredential, TransportError, _NoList) as error:
            why = str(error) or f"it took more than {LIMIT_SECONDS:g} s"
            logger.info("provider %r did not list its models: %s", provider.name, why)
            before = self.models(provider)
            self._told[provider.name] = _Told(before, time.monotonic() + KEPT_FAILURE_SECONDS)
        else:
            self._told[provider.name] = _Told(models, time.monotonic() + KEPT_SECONDS)

    async def _get(self, provider: Provider) -> list[Model]:
        """Raises NoCredential, TransportError, _NoList."""
        credential = await provider.credential()
        fields = provider.credential_fields(credential) if credential is not None else []
        assert provider.format is not None
        target = provider.models_target(QUERIES.get(provider.format, b""))
        assert target is not None
        headers: Headers = [
            (b"Host", provider.origin.authority.encode("ascii")),
            (b"Accept", b"application/json"),
            (b"User-Agent", b"ccproxy/" + __version__.encode("ascii")),
            *OWN_FIELDS.get(provider.format, []),
            *fields,
        ]
        own = injected(provider, divided(fields)[0]) if fields else None
        delivery = Delivery(provider.origin, HttpRequest("GET", target, headers), provider.name, own)
        incoming = await self._transport.send(delivery)
        try:
            body = await incoming.read(LIMIT_BYTES) if incoming.status == 200 else b""
        finally:
            incoming.close()
        if incoming.status != 200:
            raise _NoList(f"it answered with {incoming.status}")
        return understood(body, incoming.headers, provider.name)


def understood(body: bytes | None, headers: Headers, owner: str) -> list[Model]:
    """The models of an answer. Raises _NoList."""
    if body is None:
        raise _NoList(f"its answer has more than {LIMIT_BYTES} bytes")
    coding = get_header(headers, b"content-encoding")
    try:
        models = read_models(decode(body, coding.decode("latin-1")) if coding else body, owner)
    except ValueError as error:
        raise _NoList(str(error)) from error
    if models is None:
        raise _NoList("its answer is no list of models")
    return models


def has_list(provider: Provider) -> bool:
    """Whether asking makes sense: a public host tells nothing to those who have no credential for it."""
    if provider.models_target() is None:
        return False
    return provider.source is not None or provider.origin.host not in known_hosts()
