"""A request without what was said in it, without credentials and without ids: what a shape keeps of it."""

from __future__ import annotations

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Body


def reduce(method: str, url: str, headers: Headers, body: Body, profile: ShapeProfile) -> tuple[str, Headers, Body]:
    """The URL, the header fields and the body that a shape keeps of a request. Never raises; changes no argument.

    What is reduced already comes back equal.
    """
    return url, list(headers), dict(body)
