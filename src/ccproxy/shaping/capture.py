"""What of recorded requests can become a shape, and the shape of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Exchange
from ccproxy.shaping.shape import Provenance, Shape


class NotAShape(ValueError):
    """A request that cannot become a shape of a profile. `reason` says in words why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def shape_of(ex: Exchange, name: str, profile: ShapeProfile, provenance: Provenance) -> Shape:
    """The shape of the request that the client sent, for the profile `name`. Raises NotAShape."""
    raise NotAShape("this is not built yet")


def why_not(ex: Exchange, profile: ShapeProfile) -> str | None:
    """Why the exchange cannot become a shape of a profile, in words; None if it can."""
    return "this is not built yet"


def fingerprint_of(ex: Exchange) -> Mapping[str, Any] | None:
    """The fingerprint of the client's TLS, as a flow file holds it; None if it is not known."""
    return None


def provenance_of(
    ex: Exchange,
    source: Literal["capture", "flow"],
    program: str | None = None,
    program_version: str | None = None,
) -> Provenance:
    """Where a shape that is made of this exchange comes from."""
    return Provenance(source, program=program, program_version=program_version)
