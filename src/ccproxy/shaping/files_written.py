"""Shapes as flow files of mitmproxy, which `ccproxy.shaping.files` reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from ccproxy.flows.files import private_file
from ccproxy.shaping.files import FINGERPRINT, PORTS, PROVENANCE, VERSIONS, Version
from ccproxy.shaping.provenance import to_map
from ccproxy.shaping.shape import Shape
from ccproxy.shaping.virtual import checked

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow, Request


def write_versions(path: Path, versions: Iterable[Version]) -> None:
    """Writes a file with the last VERSIONS of them, 0600, whole or not at all. Raises OSError, ShapeError."""
    from mitmproxy.io import FlowWriter

    flows = [_flow(version) for version in list(versions)[-VERSIONS:]]
    with private_file(path) as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]
        for flow in flows:
            writer.add(flow)


def _flow(version: Version) -> HTTPFlow:
    from mitmproxy import connection
    from mitmproxy.http import HTTPFlow

    shape, here = checked(version.shape), ("127.0.0.1", 0)
    request, when = _request(shape), shape.provenance.captured or 0.0
    flow = HTTPFlow(
        connection.Client(peername=here, sockname=here, timestamp_start=when),
        connection.Server(address=(request.host, request.port), tls=request.scheme == "https"),
    )
    flow.timestamp_created, flow.request = when, request
    flow.metadata[PROVENANCE] = to_map(shape.provenance)
    if version.fingerprint is not None:
        flow.metadata[FINGERPRINT] = dict(version.fingerprint)
    return flow


def _request(shape: Shape) -> Request:
    from mitmproxy.http import Headers as FlowHeaders
    from mitmproxy.http import Request

    parts, when = urlsplit(shape.url), shape.provenance.captured or 0.0
    return Request(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        method=shape.method.encode("ascii"),
        scheme=parts.scheme.encode("ascii"),
        authority=b"",
        path=shape.url.partition(parts.netloc)[2].encode("ascii"),
        http_version=b"HTTP/1.1",
        headers=FlowHeaders(shape.headers),
        content=orjson.dumps(shape.body),
        trailers=None,
        timestamp_start=when,
        timestamp_end=when,
    )
