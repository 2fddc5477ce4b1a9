"""The wire format of a call that goes to its provider directly, at the path that the provider gave it."""

from __future__ import annotations

from ccproxy.exchange import WireFormat
from ccproxy.providers.endpoint import parse_endpoint

MARKS: tuple[tuple[str, str], ...] = (
    ("/v1/messages", ""),
    ("/chat/completions", ""),
    ("/v1/responses", ""),
    ("/models/", "/v1"),
)
"""Where the known part of a path may begin behind a prefix of the provider's own (`/api/v1/chat/completions`), and
what it lacks there to be known (Vertex AI: `/v1/projects/P/.../models/M:generateContent`)."""


def native_format(path: str) -> WireFormat | None:
    """The format of a path without its query; None for paths of no known API."""
    if (endpoint := parse_endpoint(path)) is not None:
        return endpoint.format
    for mark, before in MARKS:
        at = path.rfind(mark)
        if at > 0 and (endpoint := parse_endpoint(before + path[at:])) is not None and endpoint.operation is not None:
            return endpoint.format
    return None
