"""Response heads for clients (RFC 9112 §4, §6)."""

from __future__ import annotations

import re

from ccproxy.exchange import Headers, reason_phrase
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.seal import client_headers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_BODY = frozenset({204, 304})
ENDING = re.compile(rb"[\r\n\0]")


class Framing:
    """How a reply's body is delimited: by a length, by chunks, or by the end of the connection."""

    __slots__ = ("bodiless", "chunked", "keep_alive", "length_known")

    def __init__(self, reply: Reply, method: str, http_version: str, keep_alive: bool) -> None:
        given = any(name.lower() == b"content-length" for name, _ in reply.headers)
        self.bodiless = method == "HEAD" or reply.status in NO_BODY
        self.length_known = given or isinstance(reply.body, bytes)
        self.chunked = not self.length_known and not self.bodiless and http_version == "1.1"
        self.keep_alive = keep_alive and (self.length_known or self.chunked or self.bodiless)


def render(reply: Reply, framing: Framing, http_version: str) -> bytes:
    """The status line and header section."""
    reason = reason_phrase(reply.status) if reply.reason is None else reply.reason
    parts = [b"HTTP/1.1 %d %b\r\n" % (reply.status, reason), header_lines(reply.headers, framing, reply.body)]
    if framing.chunked:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    if not framing.keep_alive:
        parts.append(b"Connection: close\r\n")
    elif http_version == "1.0":
        parts.append(b"Connection: keep-alive\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def header_lines(headers: Headers, framing: Framing, body: object) -> bytes:
    """The reply's fields; a body at once gets its true length, in the place of one that was given."""
    if framing.bodiless or not isinstance(body, bytes):
        return field_lines(headers)
    kept = [header for header in headers if header[0].lower() != b"content-length"]
    return b"%bContent-Length: %d\r\n" % (field_lines(kept), len(body))


def render_upgrade(reply: Reply) -> bytes:
    """The head of a 101, with the provider's fields as they are."""
    return b"HTTP/1.1 101 %b\r\n%b\r\n" % (reply.reason or b"", field_lines(reply.headers))


def render_interim(status: int, reason: bytes, headers: Headers) -> bytes:
    """The head of an interim answer. It has no body, and no length of one (RFC 9110 §8.6)."""
    fields = [header for header in client_headers(headers) if header[0].lower() != b"content-length"]
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, field_lines(fields))


def field_lines(headers: Headers) -> bytes:
    """Fields as they are. What would end one, or a string, is a blank (RFC 9110 §5.5): a value may be somebody else's
    words, such as a provider's inside a body, and must not become a field of its own."""
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    if lines.count(b"\n") == lines.count(b"\r") == len(headers) and b"\0" not in lines:
        return lines
    return b"".join(b"%b: %b\r\n" % (ENDING.sub(b" ", name), ENDING.sub(b" ", value)) for name, value in headers)
