"""Reading what comes before and behind a body, line by line as libcurl hands it over."""

from __future__ import annotations

import re

from ccproxy.exchange import Headers, get_header
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.response_rules import CODINGS, NOT_IN_TRAILERS, runs_until_close, transfer_coding

SWITCHING = 101
STATUS_LINE = re.compile(rb"HTTP/(1\.[01]|2) ([1-9][0-9][0-9])(?: ([^\0\r\n]*))?")
"""libcurl makes one for HTTP/2, with an empty reason."""
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*)")
"""libcurl hands on names and values that nobody downstream should have to read (RFC 9112 §5)."""

LENGTH_DIGITS = 18
"""Of a content-length. No answer has that many bytes."""


class HeadReader:
    """Status, reason and fields of an answer, its interim answers and its trailers.

    Args:
        on_interim: told of each interim answer but 100 and 101 (RFC 9110 §15.2).
    """

    __slots__ = ("_begun", "_on_interim", "headers", "http_version", "reason", "status", "trailers")

    def __init__(self, on_interim: OnInterim | None) -> None:
        self.status = 0
        """0 until the whole head of the final answer has come."""
        self.reason = b""
        self.http_version = "1.1"
        self.headers: Headers = []
        self.trailers: Headers = []
        self._on_interim = on_interim
        self._begun = 0

    def feed(self, line: bytes) -> bool:
        """Takes a line with its end; True if it is the last one of the final head. Raises TransportError."""
        if not line.endswith(b"\n"):
            return False  # the connection closed in the middle of it
        text = line.rstrip(b"\r\n")
        if self._begun:
            if not text:
                return not self.status and self._ends()
            self._field(text)
        elif text:
            self._status_line(text)
        return False

    def _field(self, text: bytes) -> None:
        found = FIELD.fullmatch(text)
        if found is None:
            raise TransportError("protocol", "a field of its head is malformed")
        if not self.status:
            self.headers.append((found[1], found[2]))
        elif found[1].lower() not in NOT_IN_TRAILERS:
            self.trailers.append((found[1], found[2]))

    def _status_line(self, text: bytes) -> None:
        found = STATUS_LINE.fullmatch(text)
        if found is None:
            raise TransportError("protocol", "its status line is malformed")
        self.http_version = found[1].decode("ascii")
        self._begun, self.reason = int(found[2]), (found[3] or b"").strip()

    @property
    def gives_up(self) -> bool:
        """True for the 408 of a server to whom a warm connection was idle for too long, sent before the request came
        (RFC 9110 §15.5.9)."""
        if self.status != 408 or self.http_version == "2":
            return False
        closes = b"close" in (get_header(self.headers, b"connection") or b"").lower()
        return closes or runs_until_close(self.status, self.headers, transfer_coding(self.headers))

    def _ends(self) -> bool:
        if self._begun >= 200:
            if transfer_coding(self.headers) not in CODINGS:
                raise TransportError("protocol", "its body has a transfer coding that nobody asked for")
            check_framing(self.headers)
            self.status = self._begun
            return True
        if self._begun == SWITCHING:
            raise TransportError("protocol", "it switched protocols without being asked")
        if self._begun != 100 and self._on_interim is not None:
            self._on_interim(self._begun, self.reason, self.headers)
        self._begun, self.headers = 0, []
        return False


def check_framing(headers: Headers) -> None:
    """Raises TransportError for framing that libcurl reads in one way and others may read in another (RFC 9112 §6.3):
    it takes a length that it cannot count to for none, and ignores one beside a transfer coding."""
    names = [name.lower() for name, _ in headers]
    if b"content-length" not in names:
        return
    if b"transfer-encoding" in names:
        raise TransportError("protocol", "it has both a length and a transfer coding")
    if any(len(value.lstrip(b"0")) > LENGTH_DIGITS for name, value in headers if name.lower() == b"content-length"):
        raise TransportError("protocol", "its length is too large")
