"""What libcurl says went wrong, as a TransportError."""

from __future__ import annotations

from curl_cffi import CurlECode, CurlError

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import ErrorKind, TransportError
from ccproxy.transport.failures import timeout_error
from ccproxy.transport.upstream import Upstream

CONNECT: frozenset[int] = frozenset(
    {CurlECode.COULDNT_RESOLVE_PROXY, CurlECode.COULDNT_RESOLVE_HOST, CurlECode.COULDNT_CONNECT, CurlECode.PROXY}
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


def failure(
    upstream: Upstream, error: BaseException, *, status: int, started: bool, reused: bool, connect_code: int
) -> TransportError:
    """The error for a transfer that failed.

    Args:
        upstream: where the request went.
        error: what the binding says: a CurlError, or what one of our callbacks raised.
        status: the answer's status, 0 if none came.
        started: True if any byte of an answer came.
        reused: True if the connection had served before.
        connect_code: what a proxy answered to CONNECT, 0 if none did.
    """
    origin = upstream.origin
    if not isinstance(error, CurlError):
        return TransportError("protocol", f"{origin} sent something that cannot be read: {error!r}")
    code, detail = error.code, said(error)
    if connect_code >= 300:
        return TransportError("connect", f"the proxy {upstream.proxy} answered {connect_code} to CONNECT {origin}")
    if code == CurlECode.OPERATION_TIMEDOUT:
        return timeout_error(origin, "connect_timeout", upstream.timeouts.connect)
    if code in CONNECT:
        return TransportError("connect", f"no connection to {origin}: {detail}", untouched=True)
    if code in TLS:
        return TransportError("tls", tls_message(origin, code, detail))
    if code not in BROKEN:
        return TransportError("protocol", f"{origin} sent something that is not HTTP: {detail}")
    if status:
        kind: ErrorKind = "reset" if code == CurlECode.RECV_ERROR else "truncated"
        return TransportError(kind, f"{origin} closed the connection in the middle of its answer: {detail}")
    message = f"{origin} closed the connection without an answer: {detail}"
    return TransportError("reset", message, untouched=not started, stale=not started and reused)


def tls_message(origin: Origin, code: int, detail: str) -> str:
    """Which certificate is not trusted, and why, or why there is no TLS at all."""
    if code == CurlECode.PEER_FAILED_VERIFICATION:
        return f"the certificate of {origin} is not trusted: {detail.removeprefix('SSL certificate problem: ')}"
    return f"no TLS with {origin}: {detail}"


def said(error: CurlError) -> str:
    """libcurl's own words, without what the binding puts before and behind them."""
    _, _, words = str(error).partition(f"curl: ({int(error.code)}) ")
    return words.partition(". See https://")[0] or f"libcurl's error {int(error.code)}"
