"""Requests out of bytes: HTTP/1.1 (RFC 9112) by llhttp in its strict mode, with the limits and rules of a proxy.

What two parsers could read differently is refused, since that is what request smuggling lives on: both kinds of
framing at once, two lengths, transfer codings but `chunked`, a missing or second Host.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from ccproxy.config.services import Listener as ListenerSettings
from ccproxy.exchange import Headers, HttpRequest, Timings


class BadRequest(Exception):
    """A request that cannot be served; the connection ends after the answer."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass(slots=True)
class Arrived:
    """A whole request, or a WebSocket handshake."""

    request: HttpRequest
    timings: Timings
    keep_alive: bool
    upgrade: bool = False


class RequestParser:
    """Feed it bytes; it calls `on_request` for each request and `on_continue` where a client waits for leave.

    Requests may follow one another in one piece of data (pipelining, RFC 9112 §9.3.2).
    """

    def __init__(
        self, limits: ListenerSettings, on_request: Callable[[Arrived], None], on_continue: Callable[[], None]
    ) -> None:
        self._limits, self._on_request, self._on_continue = limits, on_request, on_continue
        self._parser = httptools.HttpRequestParser(self)
        self.in_head = self.in_body = False
        self.started = 0.0
        """When the request now arriving began (`time.time()`)."""
        self._reset()

    def feed(self, data: bytes) -> bytes | None:
        """Takes bytes. After a WebSocket handshake it returns what came behind it, which is no longer HTTP.

        Raises:
            BadRequest: once; the parser is of no use afterwards.
        """
        head = self._headers
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, BadRequest):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise BadRequest(400, "malformed_request", f"this is not a valid HTTP/1.1 request: {error}") from None
        if self.in_head and self._headers is head:  # a head that fills whole pieces: a field may have no end
            self._unfinished += len(data)
            self._check_head(self._unfinished)
        return None

    @property
    def partial(self) -> HttpRequest:
        """What is known of the request now arriving, for the record of one that went wrong."""
        return HttpRequest(self._method or "-", self._target or b"/", self._headers, b"".join(self._body))

    # -- llhttp's side

    def on_message_begin(self) -> None:
        self._reset()
        self.in_head, self.started = True, time.time()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_head:
            return  # a trailer (RFC 9110 §6.5): not passed on
        self._count(len(name) + len(value))
        self._headers.append((name, value))
        check = CHECKS.get(name.lower())
        if check is not None:
            check(self, value)

    def on_headers_complete(self) -> None:
        self.in_head, self.in_body = False, True
        self._version = self._parser.get_http_version()
        if self._version not in VERSIONS:
            raise BadRequest(505, "http_version", f"ccproxy's listener speaks HTTP/1.1 and not HTTP/{self._version}")
        self._method = self._parser.get_method().decode("ascii")
        if self._hosts != 1 and (self._version == "1.1" or self._hosts > 1):
            raise BadRequest(400, "malformed_request", f"a request needs one Host field, this one has {self._hosts}")
        if self._chunked and self._version == "1.0":
            raise BadRequest(400, "malformed_request", "HTTP/1.0 has no transfer codings (RFC 9112 §6.1)")
        if self._length > self._limits.max_body_bytes:
            raise self._too_large()
        if self._expects and self._version == "1.1":
            self._on_continue()

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._limits.max_body_bytes:
            raise self._too_large()
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.in_body = False
        if not self._parser.should_upgrade():
            self._arrived(self._parser.should_keep_alive())

    # --

    def _reset(self) -> None:
        self._method, self._target, self._version = "", b"", "1.1"
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._seen = self._unfinished = self._size = self._length = self._hosts = 0
        self._expects = self._chunked = self._websocket = False

    def _arrived(self, keep_alive: bool, upgrade: bool = False) -> None:
        timings = Timings(self.started, time.time())
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request = HttpRequest(self._method, origin_form(self._target), self._headers, body, self._version)
        self._headers, self._body = [], []
        self._on_request(Arrived(request, timings, keep_alive, upgrade))

    def _upgrade(self, rest: bytes) -> bytes | None:
        if self._websocket and self._method == "GET" and not self._length and not self._chunked:
            self.in_body = False
            self._arrived(keep_alive=False, upgrade=True)
            return rest
        return self._decline_upgrade(rest)

    def _decline_upgrade(self, rest: bytes) -> bytes | None:
        """Reads on as HTTP/1.1: a server may ignore an Upgrade field (RFC 9110 §7.8), as of Java's client to h2c.

        llhttp stops before the body of such a request, so it is shown the head again without that field.
        """
        if self._method == "CONNECT":
            raise BadRequest(501, "no_connect", "ccproxy's listener is no forward proxy: it does not know CONNECT")
        headers, started = [h for h in self._headers if h[0].lower() not in DECLINED], self.started
        head = b"%b %b HTTP/%b\r\n" % (self._method.encode(), self._target, self._version.encode())
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(head + b"".join(b"%b: %b\r\n" % h for h in headers) + b"\r\n")
        self.started = started
        return self.feed(rest) if rest else None

    def _count(self, size: int) -> None:
        self._seen += size
        self._check_head(self._seen)

    def _check_head(self, size: int) -> None:
        limit = self._limits.max_header_bytes
        if size > limit:
            raise BadRequest(431, "headers_too_large", f"the request's headers are larger than {limit} bytes")

    def _too_large(self) -> BadRequest:
        limit = self._limits.max_body_bytes
        message = f"the request body is larger than {limit} bytes (listener.max_body_bytes)"
        return BadRequest(413, "body_too_large", message)

    def _check_host(self, value: bytes) -> None:
        self._hosts += 1

    def _check_length(self, value: bytes) -> None:
        self._length = int(value) if value.isdigit() else 0

    def _check_coding(self, value: bytes) -> None:
        if value.strip().lower() != b"chunked" or self._chunked:
            raise BadRequest(501, "transfer_coding", "of the transfer codings ccproxy knows `chunked` only")
        self._chunked = True

    def _check_expect(self, value: bytes) -> None:
        if value.strip().lower() != b"100-continue":
            raise BadRequest(417, "expectation", "of the expectations ccproxy knows `100-continue` only")
        self._expects = True

    def _check_upgrade(self, value: bytes) -> None:
        self._websocket = value.strip().lower() == b"websocket"


def origin_form(target: bytes) -> bytes:
    """Clients behind HTTP_PROXY name the whole URL, which every server must take (RFC 9112 §3.2.2)."""
    absolute = None if target.startswith(b"/") else ABSOLUTE.match(target)
    return target if absolute is None else b"/" + target[absolute.end() :].removeprefix(b"/")


ABSOLUTE = re.compile(rb"https?://[^/?]*", re.IGNORECASE)
VERSIONS = frozenset({"1.0", "1.1"})
DECLINED = frozenset({b"upgrade", b"expect"})
"""Fields that were dealt with when a request is read on without its upgrade."""
CHECKS: dict[bytes, Callable[[RequestParser, bytes], None]] = {
    b"host": RequestParser._check_host,
    b"content-length": RequestParser._check_length,
    b"transfer-encoding": RequestParser._check_coding,
    b"expect": RequestParser._check_expect,
    b"upgrade": RequestParser._check_upgrade,
}
