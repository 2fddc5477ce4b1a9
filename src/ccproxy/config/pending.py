"""Settings that load but that this version does not act on yet, so that nobody relies on them unawares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from ccproxy.config.schema import Config

NOT_YET = frozenset({"inject_mcp_notifications"})
"""Hooks of 2.0 that come in later versions; what is listed of them has no effect."""
BLOCKS = ("otel", "use_journal", "journal_identifier")


def not_acted_on(config: Config) -> list[str]:
    """Dotted keys that the user has set and that have no effect."""
    return [*_blocks(config), *_hooks(config), *_signatures(config)]


def is_not_yet(reference: str) -> bool:
    """True for the reference of a hook that comes later: `ccproxy.hooks.pplx_preflight`, with `:pplx_preflight` too."""
    package, _, name = reference.partition(":")[0].rpartition(".")
    return package == "ccproxy.hooks" and name in NOT_YET


def _blocks(config: Config) -> Iterator[str]:
    yield from (key for key in BLOCKS if key in config.model_fields_set and _says_something(getattr(config, key)))
    if "http" in config.mcp.model_fields_set and config.mcp.http.enabled:
        yield "mcp.http"


def _hooks(config: Config) -> Iterator[str]:
    hooks = config.hooks
    listed = (entry.hook for entry in (*hooks.inbound, *hooks.outbound, *hooks.response))
    yield from dict.fromkeys(filter(is_not_yet, listed))


def _says_something(value: object) -> bool:
    """False for a block that is there but empty, with all of its keys commented out."""
    if not isinstance(value, BaseModel):
        return True
    return any(_says_something(getattr(value, key)) for key in value.model_fields_set)


def _signatures(config: Config) -> Iterator[str]:
    """A vendor's request signature is not computed by any version."""
    for name, profile in config.shaping.providers.items():
        if profile.billing.salt is not None or profile.billing.seed is not None:
            yield f"shaping.providers.{name}.billing (no version does: see docs/shaping.md)"


def shapes_nothing(config: Config) -> bool:
    """Whether the hook `shape` is listed, as files of 2.0 do, and no provider names a shape: there the type decided."""
    listed = any(entry.hook.partition(":")[0] == "ccproxy.hooks.shape" for entry in config.hooks.outbound)
    return listed and not any(provider.shape for provider in config.providers.values())
