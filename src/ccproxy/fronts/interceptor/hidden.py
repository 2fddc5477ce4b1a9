"""HTTP and TLS inside a stream that mitmproxy took for something else.

It decides on a client's first bytes. A server takes HTTP after an empty line too, or with a method such as X-Y, and TLS
may begin in the middle (STARTTLS): so the names in a raw stream are looked for, as long as there are rules about names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mitmproxy.proxy.layers.tls import parse_client_hello

if TYPE_CHECKING:
    from mitmproxy.tls import ClientHello

REQUEST_LINE = re.compile(rb" HTTP/1\.[0-9][ \t]*\r?\n", re.IGNORECASE)
HOST = re.compile(rb"^host[ \t]*:[ \t]*([^\r\n]*)\r?\n", re.IGNORECASE | re.MULTILINE)
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
KEPT = 16384
"""How much of what came before is looked at again: a head comes in pieces."""


class RawStream:
    """What a client has sent over one raw connection, as far as it matters here."""

    def __init__(self) -> None:
        self._data = b""

    def names(self, data: bytes) -> Iterator[str]:
        """The hosts that are named in what was sent until now; some of them again."""
        self._data = (self._data + data)[-max(KEPT, len(data)) :]
        yield from _server_name(data)
        yield from _server_name(self._data)
        for line in REQUEST_LINE.finditer(self._data):
            yield from _hosts(self._data, line.end())
        self._data = self._data[-KEPT:]


def _hosts(data: bytes, start: int) -> Iterator[str]:
    # From the line break on, which an empty head's end needs.
    end = END_OF_HEAD.search(data, start - 1)
    head = data[start : end.end() if end else len(data)]
    return (match[1].decode("latin-1") for match in HOST.finditer(head))


def _server_name(data: bytes) -> Iterator[str]:
    if not data.startswith(b"\x16\x03"):
        return
    try:
        hello: ClientHello | None = parse_client_hello(data)
    except ValueError:
        return
    if hello is not None and hello.sni:
        yield hello.sni
