"""Request lines and header sections (RFC 9112 §3), towards an origin and towards a proxy that forwards."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.upstream import Proxy, Upstream


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A proxy that takes requests for an origin without a tunnel: in absolute-form (RFC 9112 §3.2.2)."""

    prefix: bytes
    """Scheme and authority."""
    fields: bytes
    """What the proxy itself is told in each request."""


def forwarder(upstream: Upstream) -> Forwarder | None:
    """The proxy that is to forward to an upstream; None where there is none, or a tunnel through it."""
    if upstream.proxy is None or upstream.origin.scheme != "http":
        return None
    return Forwarder(str(upstream.origin).encode("ascii"), authorization(upstream.proxy))


def authorization(proxy: Proxy) -> bytes:
    """The field with the proxy's credentials (RFC 9110 §11.7.2, RFC 7617); empty if it has none."""
    if not (proxy.username or proxy.password):
        return b""
    return b"Proxy-Authorization: Basic " + base64.b64encode(f"{proxy.username}:{proxy.password}".encode()) + b"\r\n"


def render_head(request: HttpRequest) -> bytes:
    """The head as an origin gets it, ready to be sent."""
    parts = [request.method.encode("ascii"), b" ", request.target, b" HTTP/1.1\r\n"]
    for name, value in request.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def render_forwarded(request: HttpRequest, by: Forwarder) -> bytes:
    """The head as a proxy gets it that forwards. What the client says to a proxy is for another one."""
    path = b"" if request.target == b"*" else request.target
    fields = [(name, value) for name, value in request.headers if name.lower() != b"proxy-authorization"]
    head = render_head(HttpRequest(request.method, by.prefix + path, fields))
    return head[:-2] + by.fields + b"\r\n"


def render_connect(origin: Origin, proxy: Proxy) -> bytes:
    """The request for a tunnel (RFC 9110 §9.3.6)."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authority = f"{host}:{origin.port}".encode("ascii")
    return b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (authority, authority, authorization(proxy))
