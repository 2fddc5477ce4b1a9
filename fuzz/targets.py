"""The targets: what each does with an input. They need no fuzzer.

The first byte of an input says of which format it is, the second how it is cut or which status it has; the rest is what
comes over the wire. The promises are those of tests/support/promises.py: a broken one is a crash.
"""

from __future__ import annotations

from collections.abc import Callable

from ccproxy.exchange import WireFormat
from tests.support import promises

FORMATS = tuple(WireFormat)


def stream(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's stream, for clients of all formats."""
    size = second % 16
    chunks = [data[at : at + size] for at in range(0, len(data), size)] if size else [data]
    promises.check_stream(format, data, chunks, (second < 128, promises.USAGE if second & 16 else {}))
    promises.check_stream_as_body(format, data)


def body(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's whole answer."""
    promises.check_body(format, data)


def error(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's error body."""
    promises.check_error_body(format, data, 400 + second % 200)


def request(format: WireFormat, second: int, data: bytes) -> None:
    """A client's request, for providers of all formats."""
    promises.check_request(format, data)


TARGETS: dict[str, Callable[[WireFormat, int, bytes], None]] = {
    "stream": stream,
    "body": body,
    "error": error,
    "request": request,
}


def run(name: str, data: bytes) -> None:
    """Feeds one input to a target."""
    if len(data) > 2:
        TARGETS[name](FORMATS[data[0] % len(FORMATS)], data[1], data[2:])
