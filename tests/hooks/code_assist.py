"""What tests of `gemini_cli` share: a house with Code Assist providers, and what leaves it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange, HttpRequest
from tests.support.dialects import Dialect

MODEL = "gemini-2.5-flash"
CODE_ASSIST = {"type": "gemini", "base_url": "simulator:", "path": "/v1internal:{action}"}


def config(base: Path | None = None, hooks: Mapping[str, Any] | None = None, **more: Any) -> Config:
    """Two Code Assist providers that are the simulator, with projects of their own, and others."""
    providers = {
        "ca": CODE_ASSIST | {"project": "project-1"},
        "cb": CODE_ASSIST | {"project": "project-2"},
        "gemini": {"type": "gemini", "base_url": "simulator:"},
        "shaped": CODE_ASSIST | {"project": "project-1", "shape": "gemini"},
    }
    written = {"providers": providers, "hooks": {"hooks_dir": None} | dict(hooks or {})} | more
    return Config.model_validate(written, context={"base_dir": base} if base else None)


def sent(settings: Config, *requests: HttpRequest) -> list[Exchange]:
    """What became of requests of clients, one after the other."""

    async def main() -> list[Exchange]:
        house = House(settings)
        exchanges = [Exchange(request) for request in requests]
        for exchange in exchanges:
            await house.gateway.handle(exchange)
        for account in house.providers.accounts():
            await account.close()
        await house.transport.close()
        return exchanges

    return asyncio.run(main())


def asked(
    dialect: Dialect,
    target: str | None = None,
    body: Mapping[str, Any] | bytes | None = None,
    provider: str = "ca",
    headers: Mapping[str, str] | None = None,
) -> HttpRequest:
    """A request of a client, with the key of a provider."""
    whole = dialect.body(MODEL) if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return HttpRequest("POST", (target or dialect.target(MODEL)).encode(), [dialect.key(provider), *fields], whole)


def document(exchange: Exchange) -> dict[str, Any]:
    """The body that left."""
    assert exchange.forwarded is not None, exchange.failure
    found = json.loads(exchange.forwarded.body)
    assert isinstance(found, dict)
    return found


def fields(exchange: Exchange) -> dict[str, str]:
    """The header fields that left, by lower-case name."""
    assert exchange.forwarded is not None, exchange.failure
    return {name.decode().lower(): value.decode() for name, value in exchange.forwarded.headers}


def outcome(exchange: Exchange) -> str:
    """What became of the hook."""
    (result,) = [result for result in exchange.hooks if result.name == "gemini_cli"]
    return result.reason or result.outcome
