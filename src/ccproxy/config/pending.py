"""Settings that load but that this version does not act on yet, so that nobody relies on them unawares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from ccproxy.config.schema import Config

BLOCKS = ("hooks", "shaping", "otel", "gemini_capacity", "pplx", "use_journal", "journal_identifier")
PROVIDER_KEYS = ("fingerprint_profile", "shape", "http2")
ACTIVE_SOURCES = ("command", "file")


def not_acted_on(config: Config) -> list[str]:
    """Dotted keys that the user has set and that have no effect."""
    return [*_blocks(config), *_providers(config)]


def _blocks(config: Config) -> Iterator[str]:
    yield from (key for key in BLOCKS if key in config.model_fields_set and _says_something(getattr(config, key)))
    if "http" in config.mcp.model_fields_set and config.mcp.http.enabled:
        yield "mcp.http"
    if "default_jq_filters" in config.flows.model_fields_set:
        yield "flows.default_jq_filters"


def _says_something(value: object) -> bool:
    """False for a block that is there but empty, with all of its keys commented out."""
    if not isinstance(value, BaseModel):
        return True
    return any(_says_something(getattr(value, key)) for key in value.model_fields_set)


def _providers(config: Config) -> Iterator[str]:
    for name, provider in config.providers.items():
        yield from (f"providers.{name}.{key}" for key in PROVIDER_KEYS if getattr(provider, key))
        if provider.auth is not None and provider.auth.type not in ACTIVE_SOURCES:
            yield f"providers.{name}.auth (type {provider.auth.type})"
        if provider.type == "perplexity_pro":
            yield f"providers.{name} (type perplexity_pro)"
