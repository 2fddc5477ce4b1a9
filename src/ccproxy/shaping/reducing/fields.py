"""The header fields of an envelope: in the client's order and spelling, without what is of one request or one way."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Header, Headers
from ccproxy.shaping.reducing.ids import Ids, tells
from ccproxy.shaping.reducing.opaque import betrayed_in_field
from ccproxy.shaping.reducing.secrets import is_secret_name, is_signature_field
from ccproxy.shaping.reducing.values import OUT, text
from ccproxy.shaping.shape import CREDENTIAL, HOST, LENGTH

COMPANIONS = ("chatgpt-account-id", "x-openai-fedramp")
"""Fields that go with a credential: the provider's fills them too, if it has them."""
PLACES: Mapping[str, str] = {
    **dict.fromkeys(("authorization", "x-api-key", "x-goog-api-key", "api-key", *COMPANIONS), CREDENTIAL),
    "host": HOST,
    "content-length": LENGTH,
}
"""Fields that every request gets anew: a shape keeps where they stand, whatever the profile says."""

OF_ONE_WAY = re.compile(
    r"connection|keep-alive|te|trailer|transfer-encoding|upgrade|http2-settings|expect|content-encoding|proxy-.*"
    r"|sec-websocket-.*|cookie2?|set-cookie2?|forwarded|via|x-forwarded-.*|x-real-ip|x-ccproxy-.*"
    r"|traceparent|tracestate|baggage|sentry-trace|b3|x-b3-.*|x-amzn-trace-id|x-cloud-trace-context|uber-trace-id"
    r"|x-datadog-.*|x-trace-id|x-span-id"
)
"""Fields that belong to one connection (RFC 9110 §7.6), to proxies on the way (RFC 7239), to one trace (W3C Trace
Context), to a coding that a shape's body does not have, or to ccproxy."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_LINE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


def fields(headers: Headers, profile: ShapeProfile, ids: Ids) -> Headers:
    """The fields that a shape keeps, in their order, duplicates too."""
    named = frozenset(_named_by_connection(headers)) | {name.lower() for name in profile.strip_headers}
    found = (_field(field, named, ids) for field in headers)
    return [field for field in found if field is not None]


def _named_by_connection(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if name.lower() == b"connection":
            yield from (each.strip().lower() for each in value.decode("latin-1").split(","))


def _field(field: Header, stripped: Collection[str], ids: Ids) -> Header | None:
    name = field[0].decode("latin-1")
    lower = name.lower()
    if lower in PLACES:
        return field[0], PLACES[lower].encode()
    if lower in stripped or OF_ONE_WAY.fullmatch(lower) or not _TOKEN.fullmatch(name) or tells(name):
        return None
    if is_signature_field(lower) or (is_secret_name(lower) and field[1]):
        return None
    return _with_value(field[0], field[1], lower, ids)


def _with_value(name: bytes, value: bytes, lower: str, ids: Ids) -> Header | None:
    try:
        old, coding = value.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        old, coding = value.decode("latin-1"), "latin-1"
    new = text(old, lower, ids)
    if new is OUT or not _LINE.fullmatch(value) or betrayed_in_field(lower, new):
        return None
    return name, value if new == old else str(new).encode(coding, "replace")
