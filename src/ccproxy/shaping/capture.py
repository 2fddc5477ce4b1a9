"""What of recorded requests can become a shape, and the shape of one.

It is the client's own request that counts, as it came, never what ccproxy made of it: neither a URL of ccproxy's nor a
field of its own gets into a shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from ccproxy.codings import CodingError, decode
from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Exchange, HttpRequest, get_header
from ccproxy.flows.json_bytes import parsed
from ccproxy.shaping.capture_origin import origin_of
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.reducing.address import PRINTABLE
from ccproxy.shaping.shape import Body, Provenance, Shape, product

LARGEST = 128 * 1024 * 1024
"""Bytes of a decoded body."""


class NotAShape(ValueError):
    """A request that cannot become a shape of a profile. `reason` says in words why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def shape_of(ex: Exchange, name: str, profile: ShapeProfile, provenance: Provenance) -> Shape:
    """The shape of the request that the client sent, for the profile `name`. Raises NotAShape."""
    body = _usable(ex, profile)
    url = f"{origin_of(ex)}{quote(_target(ex.request), safe=PRINTABLE)}"
    url, headers, body = reduce(ex.request.method, url, ex.request.headers, body, profile)
    return Shape(name, ex.request.method, url, headers, body, provenance)


def why_not(ex: Exchange, profile: ShapeProfile) -> str | None:
    """Why the exchange cannot become a shape of a profile, in words; None if it can."""
    try:
        _usable(ex, profile)
    except NotAShape as error:
        return error.reason
    return None


def fingerprint_of(ex: Exchange) -> Mapping[str, Any] | None:
    """The fingerprint of the client's TLS, with what its request tells of it; None if the client spoke none to us."""
    if not ex.client_tls:
        return None
    agent = get_header(ex.request.headers, b"user-agent")
    told = {"user_agent": agent.decode("latin-1")} if agent else {}
    return {**ex.client_tls, **told}


def provenance_of(
    ex: Exchange,
    source: Literal["capture", "flow"],
    program: str | None = None,
    program_version: str | None = None,
) -> Provenance:
    """Where a shape that is made of this exchange comes from.

    Args:
        ex: the exchange.
        source: whether its client was run for it, or the exchange was recorded anyway.
        program: the file that was run.
        program_version: the version of its package.
    """
    client, version = product(ex.request.headers) or (None, None)
    ja4 = ex.client_tls.get("ja4") if ex.client_tls else None
    known = ja4 if isinstance(ja4, str) else None
    return Provenance(source, client, version, ex.timings.started, known, program, program_version)


def _usable(ex: Exchange, profile: ShapeProfile) -> Body:
    """The decoded body of a request that can become a shape."""
    request = ex.request
    if ex.protocol != "http":
        raise NotAShape(f"it is no HTTP request but {ex.protocol}")
    if request.method != "POST":
        raise NotAShape(f"its method is {request.method[:32]}, not POST")
    path = _target(request).partition(b"?")[0].decode("latin-1")
    if not profile.capture.path_pattern.search(path):
        raise NotAShape(f"its path {path[:120]} does not match {profile.capture.path_pattern.pattern!r}")
    return _body(request)


def _body(request: HttpRequest) -> Body:
    kind = (get_header(request.headers, b"content-type") or b"").decode("latin-1")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise NotAShape(f"its content-type is {kind[:80] or 'not told'}, not application/json")
    if request.dropped:
        raise NotAShape(f"only the first {len(request.body)} of {request.size} bytes of its body were kept")
    try:
        body = parsed(decode(request.body, _coding(request), LARGEST))
    except CodingError as error:
        raise NotAShape(f"its body cannot be decoded: {error}") from error
    except ValueError as error:
        raise NotAShape(f"its body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise NotAShape("its body is no JSON object")
    return body


def _coding(request: HttpRequest) -> str:
    found = [value.decode("latin-1") for name, value in request.headers if name.lower() == b"content-encoding"]
    return ", ".join(found)


def _target(request: HttpRequest) -> bytes:
    """The request-target without the origin that absolute form has (RFC 9112 §3.2.2)."""
    before, slashes, rest = request.target.partition(b"://")
    if not slashes or before.lower() not in {b"http", b"https"}:
        return request.target
    _, slash, path = rest.partition(b"/")
    return slash + path
