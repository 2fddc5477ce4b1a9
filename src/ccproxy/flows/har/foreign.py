"""One entry of a HAR that another program wrote, a browser or mitmproxy, as an exchange that passed unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode, urlsplit

from ccproxy.exchange import (
    DEFAULT_PORTS,
    Attempt,
    Exchange,
    Failure,
    Header,
    Headers,
    HttpRequest,
    HttpResponse,
    Origin,
    Route,
    WebSocketRecord,
    WireFormat,
)
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.facts import part, request_body, response_body
from ccproxy.flows.har.foreign_times import list_of, messages_of, timings_of
from ccproxy.flows.json_bytes import dumped

SCHEMES = {"ws": "http", "wss": "https"}
UNDONE = frozenset({b"content-encoding", b"transfer-encoding"})
"""Fields of an answer that a HAR's bodies have no more."""

type Entry = Mapping[str, Any]


def foreign(entry: Any, creator: str, format_of: Callable[[str], WireFormat | None]) -> Exchange:
    """The exchange of an entry, with an id that is made of what is in it. Raises FlowFileError that names a member."""
    if not isinstance(entry, Mapping):
        raise FlowFileError("it is no object")
    origin, target = _place(_need(part(entry, "request"), "url", "request."))
    request = _request(part(entry, "request"), target, request_body(entry))
    response = _response(part(entry, "response"), response_body(entry))
    timings = timings_of(entry, _need(entry, "startedDateTime"))
    wire = format_of(request.path)
    ex = Exchange(request, id=_id(entry), format=wire, destination=origin, timings=timings, forwarded=request)
    ex.route = Route("passthrough", None, wire, origin, f"imported from a HAR of {creator}")
    ex.response = ex.provider_response = response
    status = response.status if response else None
    ex.attempts = [Attempt(timings.started, timings.headers, status)]
    error = part(entry, "response").get("_error")
    if error or response is None:
        ex.failure = Failure("har", str(error or "there was no answer"))
        ex.attempts[0].failure = ex.failure if response is None else None
    if said := messages_of(entry, timings.started):
        ex.websocket = WebSocketRecord(messages=said)
    return ex


def _place(address: str) -> tuple[Origin, bytes]:
    """Where a URL leads, and the request-target."""
    try:
        found = urlsplit(address)
        scheme = SCHEMES.get(found.scheme, found.scheme)
        origin = Origin(scheme, found.hostname or "", found.port or DEFAULT_PORTS.get(scheme, 0))
    except ValueError as error:
        raise FlowFileError(f"request.url is no URL: {error}") from error
    if not origin.scheme or not origin.host:
        raise FlowFileError("request.url is no absolute URL")
    target = (found.path or "/") + (f"?{found.query}" if found.query else "")
    return origin, target.encode("utf-8", "replace")


def _request(told: Entry, target: bytes, body: bytes) -> HttpRequest:
    method, params = _need(told, "method", "request."), part(told, "postData", "request.").get("params")
    if not body and params:
        pairs = [_pair(each, "request.postData.params") for each in list_of(params, "request.postData.params")]
        body = urlencode(pairs).encode()
    return HttpRequest(method, target, _headers(told, "request."), body, _version(told))


def _response(told: Entry, body: bytes) -> HttpResponse | None:
    status = told.get("status")
    if not isinstance(status, int):
        raise FlowFileError("response.status is no number")
    if status < 100:  # browsers write 0 where there was no answer
        return None
    headers = [field for field in _headers(told, "response.") if field[0].lower() not in UNDONE]
    reason = str(told.get("statusText") or "").encode("latin-1", "replace")
    return HttpResponse(status, headers, reason, [body] if body else [], _version(told), complete=True)


def _headers(told: Entry, before: str) -> Headers:
    """Without the pseudo-fields of HTTP/2 (RFC 9113 §8.3)."""
    pairs = [_pair(each, f"{before}headers") for each in list_of(told.get("headers", []), f"{before}headers")]
    return [_field(name, value) for name, value in pairs if not name.startswith(":")]


def _field(name: str, value: str) -> Header:
    return name.encode("latin-1", "replace"), value.encode("utf-8", "replace")


def _pair(told: Any, where: str) -> tuple[str, str]:
    if not isinstance(told, Mapping) or not isinstance(told.get("name"), str):
        raise FlowFileError(f"{where} has a member without a name")
    return told["name"], str(told.get("value") or "")


def _version(told: Entry) -> str:
    """`HTTP/1.1`, `http/2.0`, `h3` and what else programs write."""
    text = str(told.get("httpVersion") or "").lower().removeprefix("http/").removeprefix("h").removesuffix(".0")
    return "1.0" if text == "1" else text if text in {"0.9", "1.1", "2", "3"} else "1.1"


def _need(told: Entry, name: str, before: str = "") -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise FlowFileError(f"{before}{name} is missing or no text")
    return value


def _id(entry: Entry) -> str:
    """The same for the same entry, so that what is imported twice is there once; it looks as `new_id` makes them."""
    digits = blake2b(dumped(entry), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
