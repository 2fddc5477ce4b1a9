"""The last step before the transport: the header section that leaves, with credentials where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccproxy.exchange import Header, Headers, Origin
from ccproxy.providers.sentinel import CREDENTIAL_HEADERS

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"http2-settings", b"expect",
    }
)  # fmt: skip
"""Fields that concern one connection only (RFC 9110 §7.6.1). `expect` was answered by the front."""

STRIPPED = HOP_BY_HOP | CREDENTIAL_HEADERS
WEBSOCKET: Headers = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]

ROUTING = frozenset({b"content-length", b"host"})
OWN_PREFIX = b"x-ccproxy-"
"""Fields of ours are instructions to ccproxy and end here."""


@dataclass(slots=True)
class Envelope:
    """What the forwarded request carries in place of the client's own."""

    origin: Origin
    """Becomes the Host field, in the place where the client had it."""
    body_length: int
    auth: Header | None = None
    """The credential, put where the first of the client's stood."""
    companions: Headers = field(default_factory=list)
    """Fields that go with the credential; they replace the client's, in their places."""
    strip_credentials: bool = True
    """Whether the client's credentials stay behind."""
    upgrade: bool = False
    """True keeps the fields of a WebSocket handshake."""


def seal_headers(headers: Headers, fields: Mapping[bytes, bytes], envelope: Envelope) -> Headers:
    """The headers to forward: order, case and duplicates kept. `fields` are the same by lower-case name."""
    host, auth = envelope.origin.authority.encode("ascii"), envelope.auth
    auth_name = auth[0].lower() if auth is not None else None
    drop, companions = dropped(headers, fields, envelope), list(envelope.companions)
    sealed: Headers = [] if b"host" in fields else [(b"Host", host)]
    for header in headers:
        name = header[0].lower()
        if name in drop or name.startswith(OWN_PREFIX):
            if auth is not None and (name in CREDENTIAL_HEADERS or name == auth_name):
                sealed.append((header[0], auth[1]) if name == auth_name else auth)
                auth = None
            elif companions and (own := next((one for one in companions if one[0].lower() == name), None)):
                sealed.append((header[0], own[1]))
                companions.remove(own)
        elif name == b"host":
            sealed.append((header[0], host))
        elif name == b"content-length":
            sealed.append((header[0], b"%d" % envelope.body_length))
        else:
            sealed.append(header)
    if auth is not None:
        sealed.append(auth)
    sealed += companions
    if b"content-length" not in fields and (envelope.body_length or b"transfer-encoding" in fields):
        sealed.append((b"Content-Length", b"%d" % envelope.body_length))
    if envelope.upgrade:
        sealed += WEBSOCKET
    return sealed


def dropped(headers: Headers, fields: Mapping[bytes, bytes], envelope: Envelope) -> frozenset[bytes]:
    """Names of the client's fields that do not leave."""
    drop = STRIPPED if envelope.strip_credentials else HOP_BY_HOP
    if b"connection" in fields:
        drop |= hop_by_hop_here(headers)
    if envelope.companions:
        drop |= {name.lower() for name, _ in envelope.companions}
    if envelope.auth is not None and envelope.auth[0].lower() not in drop:
        drop |= {envelope.auth[0].lower()}
    return drop


def client_headers(headers: Headers) -> Headers:
    """A provider's headers without the hop-by-hop ones."""
    named = hop_by_hop_here(headers)
    drop = HOP_BY_HOP | named if named else HOP_BY_HOP
    return [header for header in headers if header[0].lower() not in drop]


def hop_by_hop_here(headers: Headers) -> frozenset[bytes]:
    """What the Connection fields of a message name as hop-by-hop too; they have no say over framing and routing."""
    named: frozenset[bytes] = frozenset()
    for name, value in headers:
        if len(name) == len(b"connection") and name.lower() == b"connection":
            named |= frozenset(token.strip().lower() for token in value.split(b","))
    return named - ROUTING if named else named
