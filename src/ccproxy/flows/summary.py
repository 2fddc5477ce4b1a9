"""An exchange as JSON, for people and programs: the flows table, `flows list --json`, the control plane.

Computed when somebody asks. Credentials are redacted; the inspector, which shows everything, has a way of its own.
"""

from __future__ import annotations

import base64
from typing import Any

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import DEFAULT_PORTS, Exchange, Headers, HttpRequest, HttpResponse, Origin, get_header
from ccproxy.flows.attempts import told_attempts
from ccproxy.flows.jailed import messages_of, origins, talk_of, url_of
from ccproxy.flows.moments import iso
from ccproxy.flows.secrets.redact import redact_headers, redact_target
from ccproxy.flows.told_by_hooks import hook_results, labels
from ccproxy.flows.told_errors import STREAM_ERROR, refusal_of, stream_error_of
from ccproxy.flows.usage.answering import answered_model_of
from ccproxy.flows.usage.usage import model_in, model_of, usage_dict, wants_stream

TLS_NAMES = ("ja4", "ja3", "sni", "http_version")
"""What a summary tells of the record of a client's TLS."""


def summarize(ex: Exchange) -> dict[str, Any]:
    """What is worth knowing about an exchange, finished or not. Times in ISO 8601 (UTC), durations in milliseconds."""
    route, response, sent = ex.route, ex.response, forwarded(ex)
    agent = get_header(ex.request.headers, b"user-agent")
    return {
        "id": ex.id,
        "time": iso(ex.timings.started),
        "front": ex.front,
        "protocol": ex.protocol,
        "client": f"{ex.client[0]}:{ex.client[1]}" if ex.client else None,
        "method": ex.request.method,
        "path": redact_target(ex.request.target),
        "format": ex.format.value if ex.format else None,
        "model": model_of(ex),
        "dest_model": model_in(ex.forwarded),
        "answered_model": answered_model_of(ex),
        "provider": route.provider if route else None,
        "action": route.action if route else None,
        "reason": route.reason if route else None,
        "url": url_of(ex, origin_of(ex), redact_target(sent.target)),
        "status": response.status if response else None,
        "error": error_of(ex),
        "refusal": refusal_of(ex),
        "stream": is_stream(ex),
        "usage": usage_dict(ex),
        "first_byte_ms": _milliseconds(ex.timings.started, ex.timings.first_byte),
        "total_ms": _milliseconds(ex.timings.started, ex.timings.finished),
        "dropped": ex.dropped,
        "attempts": len(ex.attempts),
        "request_bytes": ex.raw.sent if ex.raw else ex.request.size,
        "response_bytes": ex.raw.received if ex.raw else response.size if response else 0,
        "user_agent": agent.decode("latin-1") if agent else None,
        "done": ex.done,
        "hooks": hook_results(ex),
        **labels(ex),
        **origins(ex),
        "client_tls": {name: ex.client_tls.get(name) for name in TLS_NAMES} if ex.client_tls else None,
        "talk": talk_of(ex),
        "request": _request(ex, sent),
        "response": _response(ex, answered(ex)),
    }


def detail(ex: Exchange, *, secrets: bool = False) -> dict[str, Any]:
    """A summary with the four bodies: `{"text", "encoding", "size", "truncated"}` each, content codings undone.

    `encoding` says what `text` is: `utf-8` as it was, or `base64` of bytes that are no text. `messages` are those of a
    WebSocket that was read on its way, of DNS, or the pieces of a TCP or UDP conversation. `tries` are the attempts.
    With `secrets`, header fields and request-targets are as they were.
    """
    bodies = {
        "client_request": _body_of(ex.request),
        "forwarded_request": _body_of(ex.forwarded),
        "provider_response": _body_of(ex.provider_response),
        "client_response": _body_of(ex.response),
    }
    return {
        **summarize(ex),
        "tries": told_attempts(ex),
        "client_tls": dict(ex.client_tls) if ex.client_tls else None,
        "client_headers": redact_headers(ex.request.headers),
        "bodies": bodies,
        "messages": messages_of(ex),
        **(unredacted(ex) if secrets else {}),
    }


def unredacted(ex: Exchange) -> dict[str, Any]:
    """The members of a detail that may hold credentials, as they were."""
    sent, answer = forwarded(ex), answered(ex)
    target = sent.target.decode("latin-1")
    tries = [
        told | {"headers": _fields(attempt.headers)}
        for told, attempt in zip(told_attempts(ex), ex.attempts, strict=True)
    ]
    return {
        "path": ex.request.target.decode("latin-1"),
        "url": url_of(ex, origin_of(ex), target),
        "tries": tries,
        **origins(ex, secrets=True),
        "client_headers": _fields(ex.request.headers),
        "request": _request(ex, sent) | {"path": target, "headers": _fields(sent.headers)},
        "response": answer and {**(_response(ex, answer) or {}), "headers": _fields(answer.headers)},
    }


def _fields(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


def forwarded(ex: Exchange) -> HttpRequest:
    """The request as it went to the provider; the client's own while, or because, it did not go out."""
    return ex.forwarded or ex.request


def answered(ex: Exchange) -> HttpResponse | None:
    """The provider's answer; ours to the client if the provider gave none."""
    return ex.provider_response or ex.response


def origin_of(ex: Exchange) -> Origin:
    """Where the request went, or, if nowhere, where it was meant to go; the listener where that is not known either."""
    if ex.route and ex.route.origin:
        return ex.route.origin
    if ex.destination is not None:
        return ex.destination
    authority = (get_header(ex.request.headers, b"host") or b"localhost").decode("latin-1")
    host, _, port = authority.rpartition(":") if authority[-1:].isdigit() else (authority, "", "")
    if not port.isascii() or not port.isdigit():
        return Origin("http", authority.strip("[]"), DEFAULT_PORTS["http"])
    return Origin("http", host.strip("[]"), int(port))


def error_of(ex: Exchange) -> dict[str, str] | None:
    """Why it did not end well: what failed here, or what a provider said at the end of its stream."""
    if ex.failure is not None:
        return {"kind": ex.failure.kind, "message": ex.failure.message}
    told = stream_error_of(ex)
    return {"kind": STREAM_ERROR, "message": told} if told is not None else None


def is_stream(ex: Exchange) -> bool:
    """Whether the answer is, or would be, a stream."""
    if ex.protocol != "http":
        return False
    response = answered(ex)
    if response is None or not response.headers:
        return wants_stream(ex.request)
    content_type = get_header(response.headers, b"content-type") or b""
    return content_type.startswith(b"text/event-stream") or (
        response.status < 300 and ex.request.path.endswith(":streamGenerateContent")
    )


def _milliseconds(start: float, end: float | None) -> float | None:
    return None if end is None else round((end - start) * 1000, 2)


def _request(ex: Exchange, request: HttpRequest) -> dict[str, Any]:
    origin = origin_of(ex)
    return {
        "method": request.method,
        "scheme": origin.scheme,
        "host": origin.host,
        "port": origin.port,
        "path": redact_target(request.target),
        "http_version": f"HTTP/{request.http_version}" if request.http_version else "",
        "headers": redact_headers(request.headers, ex.credential_headers),
        "contentLength": request.size,
        "timestamp_start": ex.timings.started,
        "timestamp_end": ex.timings.sent or ex.timings.received,
        "pretty_host": origin.host,
    }


def _response(ex: Exchange, response: HttpResponse | None) -> dict[str, Any] | None:
    if response is None:
        return None
    return {
        "http_version": f"HTTP/{response.http_version}",
        "status_code": response.status,
        "reason": response.reason.decode("latin-1"),
        "headers": redact_headers(response.headers),
        "contentLength": response.size,
        "timestamp_start": ex.timings.headers,
        "timestamp_end": ex.timings.finished,
    }


def _body_of(message: HttpRequest | HttpResponse | None) -> dict[str, Any] | None:
    if message is None:
        return None
    text = _as_text(message.body, message.headers)
    return {**text, "size": message.size, "truncated": message.dropped > 0}


def _as_text(body: bytes, headers: Headers) -> dict[str, str]:
    coding = get_header(headers, b"content-encoding")
    try:
        return {"text": decode(body, coding.decode("latin-1") if coding else None).decode(), "encoding": "utf-8"}
    except (CodingError, UnicodeDecodeError):
        return {"text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}
