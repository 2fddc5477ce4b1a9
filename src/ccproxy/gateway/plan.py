"""What the router decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ccproxy.exchange import Origin, Route, WireFormat
from ccproxy.providers.provider import Provider

type Action = Literal["redirect", "passthrough", "transform"]


@dataclass(slots=True)
class Plan:
    """A decided route with all that the next steps need."""

    route: Route
    origin: Origin
    target: bytes
    provider: Provider | None
    """Whose credential is used; None for none."""
    model: str | None = None
    """The model to ask for instead of the client's."""
    strip_credentials: bool = True
    translate: WireFormat | None = None
    """The format to translate to; the model is set then."""
    local: bool = False
    """True for a translated request that the provider has no call for: the answer is made here."""


def route_to(
    action: Literal["redirect", "passthrough", "transform"],
    provider: Provider | None,
    origin: Origin | None,
    reason: str,
) -> Route:
    """The record of a decision."""
    name, format = (provider.name, provider.format) if provider is not None else (None, None)
    return Route(action, name, format, origin, reason)
