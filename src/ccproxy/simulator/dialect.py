"""Whose manners an answer has: the three vendors, and the header fields by which one knows them."""

from __future__ import annotations

from enum import Enum

from .reply import Headers


class Dialect(Enum):
    """A vendor's way to answer. Both OpenAI formats share one."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GOOGLE = "google"


CONTENT_TYPES = {
    Dialect.ANTHROPIC: b"application/json",
    Dialect.OPENAI: b"application/json",
    Dialect.GOOGLE: b"application/json; charset=UTF-8",
}
REQUEST_ID = {Dialect.ANTHROPIC: b"request-id", Dialect.OPENAI: b"x-request-id"}
FIELDS: dict[Dialect, Headers] = {
    Dialect.ANTHROPIC: [
        (b"anthropic-organization-id", b"00000000-0000-4000-8000-000000000000"),
        (b"anthropic-ratelimit-requests-limit", b"1000"),
        (b"anthropic-ratelimit-requests-remaining", b"999"),
    ],
    Dialect.OPENAI: [
        (b"openai-organization", b"org-simulator"),
        (b"openai-processing-ms", b"5"),
        (b"openai-version", b"2020-10-01"),
        (b"x-ratelimit-limit-requests", b"1000"),
        (b"x-ratelimit-remaining-requests", b"999"),
    ],
    Dialect.GOOGLE: [(b"vary", b"Origin, X-Origin, Referer"), (b"server-timing", b"gfet4t7; dur=5")],
}
"""The fields of every answer that do not depend on the request. Google has no request id."""


def headers_of(dialect: Dialect, seed: str) -> Headers:
    """The header fields of an answer, without those about its body. `seed` makes the request id."""
    name = REQUEST_ID.get(dialect)
    if name is None:
        return FIELDS[dialect].copy()
    return [(name, b"req_" + seed.encode()), *FIELDS[dialect]]
