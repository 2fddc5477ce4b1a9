"""What HTTP/1.1 messages may look like (RFC 9110 §5, RFC 9112 §3): hypothesis strategies."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from tests.support.http import Header

TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
VALUE = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"http2-settings", b"content-length",
}  # fmt: skip
CREDENTIALS = {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie"}
FRONTS_OWN = {b"host", b"expect", b"origin"}
"""Fields that the front answers, or that say whose the request is."""
COMMON = [
    b"Accept", b"accept", b"Accept-Encoding", b"Content-Type", b"content-type", b"Content-Encoding", b"User-Agent",
    b"anthropic-beta", b"Anthropic-Beta", b"X-Dup", b"x-dup", b"X-DUP", b"Range", b"If-None-Match", b"Forwarded",
    b"X-Forwarded-For", b"Via", b"Cookie2", b"Set-Cookie", b"Set-Cookie", b"Date", b"Server", b"Retry-After",
    b"request-id", b"Vary", b"ETag", b"Link", b"Warning", b"_underscored", b"x-stainless-os",
]  # fmt: skip


def is_end_to_end(name: bytes) -> bool:
    """True for fields that must arrive."""
    lower = name.lower()
    return lower not in HOP_BY_HOP | CREDENTIALS | FRONTS_OWN and not lower.startswith(b"x-ccproxy-")


def end_to_end(headers: list[Header]) -> list[Header]:
    """The fields that must arrive, in order."""
    return [header for header in headers if is_end_to_end(header[0])]


names = st.one_of(
    st.sampled_from(COMMON), st.text(TOKEN, min_size=1, max_size=24).map(str.encode).filter(is_end_to_end)
)
values = st.lists(st.sampled_from(VALUE), max_size=60).map(lambda octets: bytes(octets).strip(b" \t"))
headers = st.lists(st.tuples(names, values), max_size=12)

bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=400),
    st.sampled_from(
        [b"{}", b"null", b"a=1&b=%20", b"\xff\xfe\x00", b'{"model": "m", "a":1.0e5,"a":2}', b"\r\n\r\n0\r\n"]
    ),
    st.integers(1, 3).flatmap(lambda kilo: st.binary(min_size=1, max_size=64).map(lambda unit: unit * 700 * kilo)),
)
"""None of them says that it is by a model the rules of the daemon know."""

PATH = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/" + '"<>[]\\^`{|}'
QUERY = PATH + "?"
escapes = st.integers(0, 255).map(lambda octet: f"%{octet:02X}") | st.integers(0, 255).map(
    lambda octet: f"%{octet:02x}"
)


def text_of(alphabet: str, size: int) -> st.SearchStrategy[str]:
    """Text of a component of a target, with percent-encoded octets in between."""
    return st.lists(st.one_of(st.sampled_from(alphabet), escapes), max_size=size).map("".join)


queries = st.one_of(st.just(""), text_of(QUERY, 30).map(lambda query: "?" + query))
prefixes = st.one_of(
    text_of(PATH, 30).map(lambda path: "/raw/" + path), text_of(PATH, 20).map(lambda path: "/v1/messages/" + path)
)
targets = st.tuples(st.one_of(prefixes, st.just("/v1/messages")), queries).map(lambda parts: "".join(parts).encode())

methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "SEARCH", "MKCOL"])


def cuts(body: bytes) -> st.SearchStrategy[list[bytes]]:
    """A body cut into chunks."""
    places = st.lists(st.integers(0, len(body)), max_size=4).map(sorted)
    return places.map(lambda at: [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True)])
