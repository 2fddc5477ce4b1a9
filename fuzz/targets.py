"""The targets: what each does with an input. They need no fuzzer.

The first byte of an input says of which format it is, the second how it is cut or which status it has; the rest is what
comes over the wire. The promises are those of tests/support: promises.py, envelope_promises.py and hook_promises.py.
A broken one is a crash.
"""

from __future__ import annotations

from collections.abc import Callable

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from tests.support import envelope_promises, hook_promises, promises
from tests.support.disorder import ODD

FORMATS = CLIENT_FORMATS


def stream(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's stream, for clients of all formats."""
    chunks = pieces(data, second % 16)
    promises.check_stream(format, data, chunks, (second < 128, promises.USAGE if second & 16 else {}))
    promises.check_stream_as_body(format, data)


def pieces(data: bytes, size: int) -> list[bytes]:
    """Data in chunks of a size; in one, if that is 0."""
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data]


def unwrapping(format: WireFormat, second: int, data: bytes) -> None:
    """An answer of Code Assist, for clients of the Gemini API and of one format more."""
    envelope_promises.check_unwrapping(format, data, pieces(data, second % 16))
    envelope_promises.check_body(data)


def perplexity(format: WireFormat, second: int, data: bytes) -> None:
    """What the web application of Perplexity says, as a stream, a body or an error, for clients of all formats."""
    own = WireFormat.PERPLEXITY
    promises.check_stream(own, data, pieces(data, second % 16), (second < 128, {}))
    promises.check_stream_as_body(own, data)
    promises.check_body(own, data)
    promises.check_error_body(own, data, 400 + second % 200)


def body(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's whole answer."""
    promises.check_body(format, data)


def error(format: WireFormat, second: int, data: bytes) -> None:
    """A provider's error body."""
    promises.check_error_body(format, data, 400 + second % 200)


def request(format: WireFormat, second: int, data: bytes) -> None:
    """A client's request, for providers of all formats."""
    promises.check_request(format, data)


def hooks(format: WireFormat, second: int, data: bytes) -> None:
    """What hooks work on: the first line is a client's override, the second holds paths, the rest is a body."""
    said, _, rest = data.partition(b"\n")
    listed, _, raw = rest.partition(b"\n")
    override, texts = said.decode("latin-1"), listed.decode("utf-8", "replace").split(",")
    hook_promises.check_override(override)
    hook_promises.check_order(hook_promises.check_paths(texts))
    hook_promises.check_fields(texts[0], override)
    hook_promises.check_body(format, raw, texts[second % len(texts)], ODD[second % len(ODD)])
    hook_promises.check_typed(format, raw, override)


TARGETS: dict[str, Callable[[WireFormat, int, bytes], None]] = {
    "stream": stream,
    "body": body,
    "unwrapping": unwrapping,
    "perplexity": perplexity,
    "error": error,
    "request": request,
    "hooks": hooks,
}


def run(name: str, data: bytes) -> None:
    """Feeds one input to a target."""
    if len(data) > 2:
        TARGETS[name](FORMATS[data[0] % len(FORMATS)], data[1], data[2:])
