"""Easy handles: what all requests of an identity have in common is set once, the rest with each request."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from curl_cffi import Curl, CurlHttpVersion, CurlOpt

from ccproxy.exchange import HttpRequest
from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl.profile import Profiles
from ccproxy.transport.upstream import Proxy, Upstream

ADDED = [b"Accept:", b"User-Agent:", b"Content-Type:", b"Expect:", b"Accept-Encoding:", b"Host:", b"Proxy-Connection:"]
"""What libcurl would add to a request that lacks it. Behind the request's own fields these take nothing away."""

IMITATION = "CURL_IMPERSONATE"
"""A variable by which libcurl-impersonate gives every new handle the TLS and the header fields of a browser."""

HOST = re.compile(r"[^\0- \x7f/\\@?#%\[\]]+")
"""What can be part of a URL without meaning something else there."""

type Callback = Callable[[bytes], int]

COMMON: tuple[tuple[CurlOpt, Any], ...] = (
    (CurlOpt.NOSIGNAL, 1),
    (CurlOpt.PATH_AS_IS, 1),
    (CurlOpt.FOLLOWLOCATION, 0),
    (CurlOpt.HTTP_CONTENT_DECODING, 0),
    (CurlOpt.SUPPRESS_CONNECT_HEADERS, 1),
    (CurlOpt.NETRC, 0),
    (CurlOpt.SSL_VERIFYPEER, 1),
    (CurlOpt.SSL_VERIFYHOST, 2),
    (CurlOpt.PROXY_SSL_VERIFYPEER, 1),
    (CurlOpt.PROXY_SSL_VERIFYHOST, 2),
    (CurlOpt.BUFFERSIZE, 128 * 1024),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What connections that may be shared have in common. `tls` is False for http:// origins."""

    tls: bool
    http2: bool
    profile: str | None
    fingerprint: Fingerprint | None
    ca_file: str | None
    proxy: Proxy | None

    @classmethod
    def of(cls, upstream: Upstream) -> Identity:
        """The identity that an upstream's requests go by."""
        tls = upstream.origin.scheme == "https"
        return cls(tls, upstream.http2, upstream.profile, upstream.fingerprint, upstream.ca_file, upstream.proxy)


def new_handle(identity: Identity, profiles: Profiles, ca_path: str, keepalive: float) -> Curl:
    """A handle with all that does not change from request to request. Raises TransportError for an unknown profile."""
    curl = bare_handle(ca_path)
    if identity.profile is not None:
        profiles.apply(curl, identity.profile, identity.fingerprint)
    for option, value in COMMON:
        curl.setopt(option, value)
    curl.setopt(CurlOpt.CAINFO, ca_path)
    curl.setopt(CurlOpt.PROXY_CAINFO, ca_path)
    curl.setopt(CurlOpt.MAXAGE_CONN, max(1, round(keepalive)))
    curl.setopt(CurlOpt.PROXY, proxy_url(identity.proxy))
    curl.setopt(CurlOpt.NOPROXY, b"" if identity.proxy else b"*")
    version = http_version(identity)
    if version is not None:
        curl.setopt(CurlOpt.HTTP_VERSION, version)
    curl.setopt(CurlOpt.PIPEWAIT, int(identity.tls and (identity.http2 or identity.profile is not None)))
    return curl


def bare_handle(ca_path: str) -> Curl:
    """A handle that the environment has no say in."""
    said = os.environ.pop(IMITATION, None)
    try:
        return Curl(cacert=ca_path)
    finally:
        if said is not None:
            os.environ[IMITATION] = said


def http_version(identity: Identity) -> int | None:
    """What is offered by ALPN; None leaves it to the profile."""
    if not identity.tls:
        return CurlHttpVersion.V1_1
    if identity.http2 and identity.fingerprint is None:
        return CurlHttpVersion.V2TLS
    return None if identity.profile is not None else CurlHttpVersion.V1_1


def proxy_url(proxy: Proxy | None) -> bytes:
    """A proxy as libcurl takes it; empty for none, not even one that the environment names."""
    if proxy is None:
        return b""
    if not proxy.username and not proxy.password:
        return str(proxy).encode()
    scheme, _, host = str(proxy).partition("://")
    return f"{scheme}://{quote(proxy.username, safe='')}:{quote(proxy.password, safe='')}@{host}".encode()


def set_request(curl: Curl, upstream: Upstream, request: HttpRequest, *, fresh: bool) -> None:
    """Sets what changes from request to request. Raises TransportError for a request that libcurl cannot send."""
    origin, proxy = upstream.origin, upstream.proxy
    if HOST.fullmatch(origin.host) is None:
        raise TransportError("connect", f"{origin.host!r} is not a host")
    target, headers = request.target, request.headers
    if proxy is not None and proxy.scheme in ("http", "https") and origin.scheme == "http":
        target = str(origin).encode() + (b"" if target == b"*" else target)  # the absolute form (RFC 9112 §3.2.2)
        headers = [field for field in headers if field[0].lower() != b"proxy-authorization"]  # libcurl adds ours
    setopt = curl.setopt
    setopt(CurlOpt.URL, str(origin).encode())
    setopt(CurlOpt.REQUEST_TARGET, target)
    setopt(CurlOpt.HTTPGET, 1)  # forgets the body of the request before
    setopt(CurlOpt.CUSTOMREQUEST, request.method.encode("ascii"))
    if request.method == "HEAD":
        if request.body:
            raise TransportError("protocol", "a HEAD request with a body cannot go by this carrier")
        setopt(CurlOpt.NOBODY, 1)
    elif request.body:
        setopt(CurlOpt.POSTFIELDSIZE_LARGE, len(request.body))
        setopt(CurlOpt.POSTFIELDS, request.body)
    setopt(CurlOpt.HTTPHEADER, [*map(header_line, headers), *ADDED])
    setopt(CurlOpt.CONNECTTIMEOUT_MS, max(1, round(upstream.timeouts.connect * 1000)))
    setopt(CurlOpt.FRESH_CONNECT, int(fresh))


def header_line(field: tuple[bytes, bytes]) -> bytes:
    """A field as libcurl takes it: with a semicolon it is sent empty, with a colon not at all."""
    name, value = field
    return b"%b: %b" % field if value else name + b";"


def set_callbacks(curl: Curl, on_header: Callback, on_body: Callback) -> None:
    """Says who takes the lines of the head and the pieces of the body."""
    curl.setopt(CurlOpt.HEADERFUNCTION, on_header)
    curl.setopt(CurlOpt.WRITEFUNCTION, on_body)
