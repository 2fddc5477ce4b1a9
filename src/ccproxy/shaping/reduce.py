"""A request without what was said in it, without credentials and without ids: what a shape keeps of it."""

from __future__ import annotations

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.shaping.reducing.address import address
from ccproxy.shaping.reducing.content import envelope
from ccproxy.shaping.reducing.fields import fields
from ccproxy.shaping.reducing.ids import Ids
from ccproxy.shaping.reducing.model import model_of, without_model
from ccproxy.shaping.shape import Body


def reduce(method: str, url: str, headers: Headers, body: Body, profile: ShapeProfile) -> tuple[str, Headers, Body]:
    """The URL, the header fields and the body that a shape keeps of a request. Never raises; changes no argument.

    What is reduced already comes back equal. What is left out, and what has a placeholder instead, is said in the
    modules of `ccproxy.shaping.reducing`: signatures first, then content, credentials, ids, and what looks secret.
    """
    ids = Ids(headers, body)
    named = without_model(fields(headers, profile, ids), model_of(url, body, profile))
    return address(url, ids), named, envelope(body, profile, ids)
