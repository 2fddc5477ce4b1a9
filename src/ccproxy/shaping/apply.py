"""A request in the envelope of a shape: the caller's content, the shape's members, header fields and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Body, ShapeError
from ccproxy.shaping.shape_hooks import Incoming
from ccproxy.shaping.template import Template


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A shaped request."""

    body: Body
    headers: Headers
    target: bytes
    left_out: Mapping[str, int] = field(default_factory=dict)
    """What of the caller's is not in it, by name."""


def fit(template: Template, incoming: Incoming) -> Outgoing:
    """Puts a request into a shape. Changes neither. Raises ShapeError where a shape hook fails."""
    raise ShapeError("this is not built yet")
