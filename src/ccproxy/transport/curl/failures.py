"""What libcurl says went wrong, as a TransportError."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from curl_cffi import CurlECode, CurlError

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import ErrorKind, TransportError
from ccproxy.transport.failures import place_of, proxy_refusal, timeout_error
from ccproxy.transport.failures import untouched as never_was
from ccproxy.transport.upstream import Upstream

CONNECT: frozenset[int] = frozenset(
    {CurlECode.URL_MALFORMAT, CurlECode.COULDNT_RESOLVE_PROXY, CurlECode.COULDNT_CONNECT, CurlECode.PROXY}
)
TLS: frozenset[int] = frozenset(
    {
        CurlECode.SSL_CONNECT_ERROR,
        CurlECode.SSL_CERTPROBLEM,
        CurlECode.SSL_CIPHER,
        CurlECode.PEER_FAILED_VERIFICATION,
        CurlECode.SSL_CACERT_BADFILE,
        CurlECode.SSL_ISSUER_ERROR,
        CurlECode.SSL_INVALIDCERTSTATUS,
    }
)
BROKEN: frozenset[int] = frozenset(
    {
        CurlECode.PARTIAL_FILE,
        CurlECode.GOT_NOTHING,
        CurlECode.SEND_ERROR,
        CurlECode.RECV_ERROR,
        CurlECode.HTTP2,
        CurlECode.HTTP2_STREAM,
    }
)
"""The connection, or the stream, ended before the answer did."""
TOO_LARGE = "Too large response headers"
"""What libcurl 8.21 says of a head without an end, by one code or another."""
MALFORMED = (TOO_LARGE, "chunk", "hexadecimal")
"""What it says of other bytes that are not HTTP, by the code of a failed connection."""

BEFORE_CAUSE = re.compile("SSL certificate (problem|OpenSSL verify result): ")
UNKNOWN_ISSUER = re.compile("issuer|self.signed")
NO_TUNNEL = "Proxy CONNECT aborted"
"""The proxy closed the connection instead of answering."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a transfer that failed."""

    status: int
    """0 if no head came."""
    started: bool
    """True if any byte of an answer came."""
    reused: bool
    """True if the connection had served before."""
    connect_code: int
    """What a proxy answered to CONNECT, 0 if none did."""
    errno: int
    """Of the last system call that failed, 0 if none did."""
    repeated: bool
    """True if libcurl has sent the request a second time by itself, because a warm connection was closed."""


def failure(upstream: Upstream, error: BaseException | None, seen: Seen) -> TransportError:
    """The error for a transfer that failed; `error` is what the binding says, None for a head that ended early."""
    origin, proxy = upstream.origin, upstream.proxy
    if not isinstance(error, CurlError):
        return broken(origin, "" if error is None else repr(error), seen)
    code, detail = error.code, said(error)
    if proxy is not None and seen.connect_code >= 300:
        return proxy_refusal(proxy, origin, seen.connect_code)
    if code == CurlECode.OPERATION_TIMEDOUT:
        return timeout_error(place_of(upstream), "connect_timeout", upstream.timeouts.connect)
    if code == CurlECode.COULDNT_RESOLVE_HOST:
        return never_was(f"the name {origin.host} does not resolve")
    if code in CONNECT or detail == NO_TUNNEL:
        return never_was(f"no connection to {place_of(upstream)}: {os.strerror(seen.errno) if seen.errno else detail}")
    if code in TLS:
        return TransportError("tls", tls_message(origin, code, detail))
    if code in BROKEN and not any(word in detail for word in MALFORMED):
        return broken(origin, detail, seen, "reset" if code == CurlECode.RECV_ERROR else "truncated")
    if code == CurlECode.TOO_LARGE or TOO_LARGE in detail:
        detail = "its head does not end"
    return TransportError("protocol", f"{origin} sent something that is not HTTP: {detail}")


def broken(origin: Origin, why: str, seen: Seen, in_body: ErrorKind = "truncated") -> TransportError:
    """The error for a connection that ended too early; of the kind `in_body` if that was in the body."""
    tail = f": {why}" if why else ""
    if seen.status:
        return TransportError(in_body, f"{origin} closed the connection in the middle of its answer{tail}")
    message = f"{origin} closed the connection without an answer{tail}"
    untouched = not seen.started and not seen.repeated  # twice is enough
    return TransportError("reset", message, untouched=untouched, stale=untouched and seen.reused)


def tls_message(origin: Origin, code: int, detail: str) -> str:
    """Which certificate is not trusted, and why, or why there is no TLS at all."""
    if code == CurlECode.SSL_CACERT_BADFILE:
        return f"no TLS with {origin}: the ca_file, or the system's, holds something that is no certificate"
    if code != CurlECode.PEER_FAILED_VERIFICATION:
        return f"no TLS with {origin}: {detail}"
    hint = "; a ca_file can name more certificates to trust" if UNKNOWN_ISSUER.search(detail) else ""
    return f"the certificate of {origin} is not trusted: {BEFORE_CAUSE.sub('', detail)}{hint}"


def said(error: CurlError) -> str:
    """libcurl's own words, without what the binding puts before and behind them."""
    _, _, words = str(error).partition(f"curl: ({int(error.code)}) ")
    return words.partition(". See https://")[0] or f"libcurl's error {int(error.code)}"
