"""Reading what comes before and behind a body, line by line as libcurl hands it over."""

from __future__ import annotations

import re

from ccproxy.exchange import Headers
from ccproxy.transport.carrier import OnInterim, TransportError

SWITCHING = 101
STATUS_LINE = re.compile(rb"HTTP/(1\.[01]|2) ([1-9][0-9][0-9])(?: ([^\0\r\n]*))?")
"""libcurl makes one for HTTP/2, with an empty reason."""
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*)")
"""libcurl hands on names and values that nobody downstream should have to read (RFC 9112 §5)."""


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
        (self.trailers if self.status else self.headers).append((found[1], found[2]))

    def _status_line(self, text: bytes) -> None:
        found = STATUS_LINE.fullmatch(text)
        if found is None:
            raise TransportError("protocol", "its status line is malformed")
        self.http_version = found[1].decode("ascii")
        self._begun, self.reason = int(found[2]), (found[3] or b"").strip()

    def _ends(self) -> bool:
        if self._begun >= 200:
            self.status = self._begun
            return True
        if self._begun == SWITCHING:
            raise TransportError("protocol", "it switched protocols without being asked")
        if self._begun != 100 and self._on_interim is not None:
            self._on_interim(self._begun, self.reason, self.headers)
        self._begun, self.headers = 0, []
        return False
