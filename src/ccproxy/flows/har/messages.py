"""Requests and responses as HAR 1.2 has them. http://www.softwareishard.com/blog/har-12-spec/

Bodies are text where they are UTF-8 once their content coding is undone, base64 otherwise. For a request HAR has no
way to say so: `_encoding` does.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Headers, HttpRequest, HttpResponse, get_header
from ccproxy.flows.har.parts import cookies, fields, params, query, set_cookies

DECODED_BYTES = 64 * 1024 * 1024
"""A body that would be larger without its coding is told as it is."""
UNKNOWN = "x-unknown"
"""What Chromium writes for a message without a content type."""


class Told(NamedTuple):
    """A body as JSON can have it."""

    text: str
    encoding: str | None
    """`base64`, or None for plain text."""
    data: bytes
    """Its bytes with the coding undone."""


def is_coded(headers: Headers) -> bool:
    """Whether the body is compressed: then its bytes cannot be had back from what is told of it."""
    return _coding(headers) not in {None, "", "identity"}


def _coding(headers: Headers) -> str | None:
    value = get_header(headers, b"content-encoding")
    return value.decode("latin-1").strip().lower() if value is not None else None


def told(body: bytes, headers: Headers) -> Told:
    """A body's text, or its bytes in base64."""
    try:
        data = decode(body, _coding(headers), DECODED_BYTES)
    except CodingError:
        data = body
    try:
        return Told(data.decode(), None, data)
    except UnicodeDecodeError:
        return Told(base64.b64encode(data).decode("ascii"), "base64", data)


def request(sent: HttpRequest, url: str) -> dict[str, Any]:
    """The `request` member of an entry."""
    start = len(sent.method) + len(sent.target) + len(sent.http_version) + len("  HTTP/\r\n")
    found = {
        "method": sent.method,
        "url": url,
        "httpVersion": version(sent.http_version),
        "cookies": cookies(sent.headers),
        "headers": fields(sent.headers),
        "queryString": query(sent.target),
        "headersSize": _head_size(sent.http_version, start, sent.headers),
        "bodySize": sent.size,
    }
    return found | {"postData": _post_data(sent)} if sent.size else found


def _post_data(sent: HttpRequest) -> dict[str, Any]:
    body = told(sent.body, sent.headers)
    kind = (get_header(sent.headers, b"content-type") or b"").decode("latin-1")
    data: dict[str, Any] = {"mimeType": kind, "text": body.text}
    if form := params(kind, body.data):
        data["params"] = form
    if body.encoding:
        data["_encoding"] = body.encoding
    return data | _comment(
        "the text is base64" if body.encoding else "",
        f"{_coding(sent.headers)} is undone" if body.data is not sent.body else "",
        _lacks(sent.dropped),
    )


def response(answer: HttpResponse, *, done: bool) -> dict[str, Any]:
    """The `response` member of an entry; `done` says whether the exchange is over."""
    start = len("HTTP/ 200 \r\n") + len(answer.http_version) + len(answer.reason)
    head = _head_size(answer.http_version, start, answer.headers)
    return {
        "status": answer.status,
        "statusText": answer.reason.decode("latin-1"),
        "httpVersion": version(answer.http_version),
        "cookies": set_cookies(answer.headers),
        "headers": fields(answer.headers),
        "content": _content(answer, done=done),
        "redirectURL": (get_header(answer.headers, b"location") or b"").decode("latin-1"),
        "headersSize": head,
        "bodySize": answer.size,
        "_transferSize": max(head, 0) + answer.size,
    }


def _content(answer: HttpResponse, *, done: bool) -> dict[str, Any]:
    wire = answer.body
    body = told(wire, answer.headers)
    kind = (get_header(answer.headers, b"content-type") or UNKNOWN.encode()).decode("latin-1")
    content: dict[str, Any] = {"size": len(body.data) + answer.dropped, "mimeType": kind, "text": body.text}
    if body.encoding:
        content["encoding"] = body.encoding
    if body.data is not wire and answer.complete and not answer.dropped:
        content["compression"] = len(body.data) - len(wire)
    broken = "it broke off here" if done else "it was under way"
    return content | _comment("" if answer.complete else broken, _lacks(answer.dropped))


def no_response(error: str) -> dict[str, Any]:
    """What Chromium writes for a request that got no answer; `error` says why, in words."""
    return {
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": UNKNOWN},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
        "_transferSize": 0,
        "_error": error,
    }


def version(number: str) -> str:
    """A protocol's name."""
    return f"HTTP/{number}" if number else "unknown"


def _head_size(number: str, start: int, headers: Headers) -> int:
    """Bytes of a head as HTTP/1 writes it; -1, not known, for others, which compress it."""
    if not number.startswith(("0", "1")):
        return -1
    return start + sum(len(name) + len(value) + 4 for name, value in headers) + 2


def _lacks(dropped: int) -> str:
    return f"{dropped} more bytes were not kept" if dropped else ""


def _comment(*remarks: str) -> dict[str, str]:
    said = "; ".join(filter(None, remarks))
    return {"comment": said} if said else {}
