"""Reading what comes before and behind a body, line by line as libcurl hands it over."""

from __future__ import annotations

from ccproxy.exchange import Headers
from ccproxy.transport.carrier import OnInterim, TransportError

SWITCHING = 101


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
        if self._begun and text:
            self._field(text)
            return False
        if text:
            self._status_line(text)
            return False
        return self._ends() if self._begun and not self.status else False

    def _field(self, text: bytes) -> None:
        name, _, value = text.partition(b":")
        (self.trailers if self.status else self.headers).append((name, value.strip(b" \t")))

    def _status_line(self, text: bytes) -> None:
        """libcurl has checked it; over HTTP/2 it makes one, with an empty reason."""
        version, _, rest = text[5:].partition(b" ")
        self.http_version = version.decode("latin-1")
        self._begun, self.reason = int(rest[:3]), rest[4:].strip()

    def _ends(self) -> bool:
        if self._begun >= 200:
            self.status = self._begun
            return True
        if self._begun == SWITCHING:
            raise TransportError("protocol", "the provider switched protocols without being asked")
        if self._begun != 100 and self._on_interim is not None:
            self._on_interim(self._begun, self.reason, self.headers)
        self._begun, self.headers = 0, []
        return False
