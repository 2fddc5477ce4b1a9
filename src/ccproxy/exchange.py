"""The typed record of one exchange: what flows through the house.

A front makes an `Exchange` from a client's request, the gateway fills it in step by step, and the store keeps it.
Everybody may import this module; it imports nobody. All times are seconds since the epoch (`time.time()`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Literal

type Header = tuple[bytes, bytes]
"""A header field as it came: name and value, case and bytes untouched."""
type Headers = list[Header]
"""Header fields in the order they came, duplicates kept."""


def get_header(headers: Headers, name: bytes) -> bytes | None:
    """The first value of a field, or None. `name` must be lower-case."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def reason_phrase(status: int) -> bytes:
    """The registered reason phrase of a status code, empty for codes without one (529)."""
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


class WireFormat(StrEnum):
    """A provider API's wire format; the value is the `type` of a provider that speaks it."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    OPENAI_RESPONSES = "openai_responses"
    GEMINI = "gemini"
    PERPLEXITY = "perplexity_pro"
    """Perplexity's web application: no client speaks it."""


CLIENT_FORMATS = tuple(format for format in WireFormat if format is not WireFormat.PERPLEXITY)
"""Those that a listener understands."""


@dataclass(slots=True)
class HttpRequest:
    """A request. `target` is the request-target as sent (RFC 9112 §3.2): path and query, percent-encoding untouched."""

    method: str
    target: bytes
    headers: Headers
    body: bytes = b""
    http_version: str = "1.1"
    dropped: int = 0
    """Bytes of the body that passed but were not kept, because the record's bound was reached."""

    @property
    def size(self) -> int:
        """Bytes of the body that passed, kept or not."""
        return len(self.body) + self.dropped

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition(b"?")[0].decode("latin-1")

    @property
    def query(self) -> bytes:
        """The query without its question mark; empty if there is none."""
        return self.target.partition(b"?")[2]


@dataclass(slots=True)
class HttpResponse:
    """A response as it passed by. `chunks` holds the body as it arrived, content coding untouched."""

    status: int
    headers: Headers
    reason: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    http_version: str = "1.1"
    complete: bool = False
    """True once the last byte came; a body that broke off stays False."""
    dropped: int = 0
    """Bytes that passed but were not kept, because the record's bound was reached."""
    trailers: Headers = field(default_factory=list)
    """The fields behind the body (RFC 9110 §6.5)."""

    @property
    def body(self) -> bytes:
        """What is kept of the body."""
        return b"".join(self.chunks)

    @property
    def size(self) -> int:
        """Bytes of the body that passed, kept or not."""
        return sum(map(len, self.chunks)) + self.dropped


@dataclass(slots=True, frozen=True)
class Origin:
    """Where a request goes (RFC 6454): scheme, host, port. `scheme` "simulator" is the embedded provider."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of a Host header: the port is left out where it is the scheme's own; IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


DEFAULT_PORTS = {"http": 80, "https": 443, "simulator": 0}


@dataclass(slots=True)
class Route:
    """What the router decided for an exchange."""

    action: Literal["redirect", "passthrough", "transform", "local"]
    provider: str | None
    """Name in the providers map, if one is involved."""
    provider_format: WireFormat | None
    origin: Origin | None
    reason: str
    """In words, for people: which sentinel or rule decided."""


@dataclass(slots=True)
class Failure:
    """Why an exchange did not end well. `kind` is a short stable token, `message` is for people."""

    kind: str
    message: str


@dataclass(slots=True)
class Attempt:
    """One sending of the forwarded request. Times are seconds since the epoch."""

    started: float = field(default_factory=time.time)
    ended: float | None = None
    """The answer's head arrived, or the attempt failed."""
    status: int | None = None
    failure: Failure | None = None
    reused: bool = False
    """True if the connection was warm."""
    note: str = ""
    """Why another attempt followed, or why none did that one might expect; mostly empty."""
    interim: list[tuple[int, Headers]] = field(default_factory=list)
    """Interim answers (RFC 9110 §15.2) that came before the head."""
    headers: Headers = field(default_factory=list)
    """Of an answer that another attempt followed; the last attempt's are in the response."""
    body: bytes = b""
    """Of the same answer, its first 16 KiB."""


@dataclass(slots=True)
class Timings:
    """When things happened; None where they did not (yet)."""

    started: float = field(default_factory=time.time)
    """The request's first byte arrived."""
    received: float | None = None
    """The request's last byte arrived."""
    sent: float | None = None
    """The forwarded request was written out."""
    headers: float | None = None
    """The provider's response headers arrived."""
    first_byte: float | None = None
    """The first byte of the provider's response body arrived."""
    finished: float | None = None
    """The last byte was handed to the client, or the exchange failed."""


@dataclass(slots=True, frozen=True)
class Message:
    """One message of a conversation that is not HTTP: a WebSocket's, a datagram, a piece of a TCP stream."""

    from_client: bool
    content: bytes
    time: float
    """Seconds since the epoch."""
    is_text: bool = False


@dataclass(slots=True)
class WebSocketRecord:
    """What passed over a WebSocket, bounded: raw frames (RFC 6455 §5) each way where it was relayed, `messages` where
    it was read on its way (the jail)."""

    from_client: list[bytes] = field(default_factory=list)
    from_server: list[bytes] = field(default_factory=list)
    dropped: int = 0
    messages: list[Message] = field(default_factory=list)
    close_code: int | None = None
    closed_by_client: bool | None = None


@dataclass(slots=True)
class RawRecord:
    """What passed that is not HTTP: DNS messages, datagrams, pieces of a TCP stream. Bounded."""

    messages: list[Message] = field(default_factory=list)
    dropped: int = 0
    """Bytes that passed but were not kept."""
    sent: int = 0
    """Bytes that the client sent, kept or not."""
    received: int = 0
    """Bytes that the client got, kept or not."""
    status: str = ""
    """How it was answered, in the protocol's own word: `NOERROR`, `NXDOMAIN`."""
    answers: tuple[str, ...] = ()
    """What a DNS server answered: `A 192.0.2.1`, `CNAME www.example.com`."""


@dataclass(slots=True, frozen=True)
class Process:
    """The program that a jail runs."""

    command: tuple[str, ...]
    pid: int
    """Of the process that holds the jail, as the host numbers it."""


@dataclass(slots=True)
class HookResult:
    """What became of one hook on one exchange."""

    name: str
    stage: Literal["inbound", "outbound", "response"]
    outcome: Literal["ran", "skipped", "failed"]
    reason: str = ""
    """Why it was skipped ("guard", "override", or in words what the request lacks), or how it failed."""
    seconds: float = 0.0
    """Time it took, its guard included."""
    wrote: tuple[str, ...] = ()
    """The paths that it changed."""


def new_id() -> str:
    """A random UUID (RFC 9562, version 4) as text. Four times as fast as the uuid module's."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@dataclass(slots=True, weakref_slot=True)
class Exchange:
    """One exchange from the client's first byte to the last byte of its answer.

    `response` is what the client got; where nothing was translated it is the very object `provider_response`.
    """

    request: HttpRequest
    front: Literal["reverse", "jail"] = "reverse"
    client: tuple[str, int] | None = None
    id: str = field(default_factory=new_id)
    format: WireFormat | None = None
    """The wire format of the listener path, None for paths that belong to no format."""
    route: Route | None = None
    forwarded: HttpRequest | None = None
    credential_headers: frozenset[str] = frozenset()
    """Lower-case names of the fields of `forwarded` that hold the provider's credential, whatever they are called."""
    provider_response: HttpResponse | None = None
    response: HttpResponse | None = None
    websocket: WebSocketRecord | None = None
    failure: Failure | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    """What a translation or a hook's change left out, by rule: the target format has no place for it."""
    model: str | None = None
    """The model that a hook chose in place of the client's."""
    answered_model: str | None = None
    """The model that answered, where the transport may have asked another than was asked for."""
    session: str | None = None
    """The client's own id of its session, where it tells one."""
    conversation: str | None = None
    """Which conversation this is a turn of: the same for all of its turns."""
    system_hash: str | None = None
    """Which system prompt was used."""
    tags: dict[str, str] = field(default_factory=dict)
    """Labels that hooks gave it."""
    thread: dict[str, Any] | None = None
    """The thread at the provider that this turn was added to, where the provider keeps conversations itself."""
    jail: str | None = None
    """The jail it came from."""
    process: Process | None = None
    """What runs in that jail."""
    protocol: Literal["http", "dns", "tcp", "udp"] = "http"
    """What it is. For anything but HTTP `request` has the protocol's name for a method, and `raw` what was said."""
    destination: Origin | None = None
    """Where a client in a jail meant it to go; None on the reverse listener."""
    raw: RawRecord | None = None
    hooks: list[HookResult] = field(default_factory=list)
    """What became of each hook, in the order in which they had their turns."""
    timings: Timings = field(default_factory=Timings)
    attempts: list[Attempt] = field(default_factory=list)
    """Each sending of the forwarded request."""
    client_tls: Mapping[str, Any] | None = None
    """The fingerprint of the client's TLS, as JSON (`ccproxy.fingerprint`); None where it spoke none to us."""

    def count_dropped(self, counts: Mapping[str, int]) -> None:
        """Adds to what was left out."""
        for rule, count in counts.items():
            self.dropped[rule] = self.dropped.get(rule, 0) + count

    @property
    def reused_connection(self) -> bool:
        """True if the upstream connection was warm."""
        return bool(self.attempts) and self.attempts[-1].reused

    @property
    def done(self) -> bool:
        """True once nothing more will happen to this exchange."""
        return self.timings.finished is not None
