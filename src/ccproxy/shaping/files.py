"""Flow files of mitmproxy as shapes: every HTTP flow is a version, the last one counts.

`ccproxy.shape` in a flow's metadata says where it comes from, `ccproxy.fingerprint.profile` how the client spoke TLS.
Files of other programs may have content, credentials and ids in them: what a shape does not hold is left out as they
are read, and so it is gone from a file that is written again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccproxy.codings import CodingError, decode
from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers, get_header
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.json_bytes import parsed
from ccproxy.shaping.provenance import from_map, told_by
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.regular import open_regular
from ccproxy.shaping.shape import Shape, ShapeError
from ccproxy.shaping.virtual import checked

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow, Request

PROVENANCE, FINGERPRINT = "ccproxy.shape", "ccproxy.fingerprint.profile"
VERSIONS = 5
"""How many a file keeps."""
PORTS = {"https": 443, "http": 80}
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read."""


@dataclass(frozen=True, slots=True)
class Version:
    """A shape as a file keeps it, and the TLS fingerprint of its client, if it is known."""

    shape: Shape
    fingerprint: Mapping[str, Any] | None = None


def read_versions(path: Path, name: str, profile: ShapeProfile) -> list[Version]:
    """The shapes of a file, oldest first, VERSIONS at most. Raises ShapeError; FileNotFoundError if there is none."""
    return [_version(path, name, profile, number, flow) for number, flow in _last(path, name)]


def readable_versions(path: Path, name: str, profile: ShapeProfile) -> list[Version]:
    """Those that can be read, where others may be damaged: what is kept of a file that is written again."""
    kept = []
    for number, flow in _last(path, name, damaged=True):
        try:
            kept.append(_version(path, name, profile, number, flow))
        except ShapeError:
            continue
    return kept


def _last(path: Path, name: str, *, damaged: bool = False) -> list[tuple[int, HTTPFlow]]:
    """The last HTTP flows of a file, counted from 1. With `damaged`, what is before the damage is enough."""
    found: deque[tuple[int, HTTPFlow]] = deque(maxlen=VERSIONS)
    try:
        found.extend(_flows(path))
    except FlowFileError as error:
        if not damaged:
            raise _broken(path, name, str(error)) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ShapeError(
            f"{path} cannot be read: {error.strerror or error}", "check the file and who may read it"
        ) from error
    return list(found)


def _flows(path: Path) -> Iterator[tuple[int, HTTPFlow]]:
    from mitmproxy.http import HTTPFlow

    from ccproxy.flows.mflow.reading import flows_of

    with open_regular(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FlowFileError(f"it is larger than {LARGEST:,} bytes")
    if data[:1] in {b"{", b"\xef"}:
        raise FlowFileError("it is no flow file of mitmproxy")
    for number, flow in enumerate(flows_of(BytesIO(data), len(data)), 1):
        if isinstance(flow, HTTPFlow):
            yield number, flow


def _version(path: Path, name: str, profile: ShapeProfile, number: int, flow: HTTPFlow) -> Version:
    from ccproxy.flows.mflow.reading import UNREADABLE

    try:
        return _read(name, profile, flow)
    except ShapeError as error:
        raise _broken(path, name, f"flow {number}: {error.message}") from error
    except UNREADABLE as error:  # mitmproxy takes members of another type, too
        raise _broken(path, name, f"flow {number} is damaged: {type(error).__name__}") from error


def _read(name: str, profile: ShapeProfile, flow: HTTPFlow) -> Version:
    request, told = flow.request, flow.metadata.get(PROVENANCE)
    fingerprint = flow.metadata.get(FINGERPRINT)
    came: Headers = list(request.headers.fields)
    body = _body(request.raw_content or b"", came, plain=told is not None)
    url, headers, body = reduce(request.method, _url(request), came, body, profile)
    provenance = from_map(told) if told is not None else told_by(came, request.timestamp_start, fingerprint)
    shape = checked(Shape(name, request.method, url, headers, body, provenance))
    return Version(shape, fingerprint if isinstance(fingerprint, dict) else None)


def _body(content: bytes, headers: Headers, *, plain: bool) -> dict[str, Any]:
    """What it says. A shape's own body is never compressed, whatever its headers say of the client's."""
    coding = None if plain else (get_header(headers, b"content-encoding") or b"").decode("latin-1")
    try:
        body = parsed(decode(content, coding) if coding else content)
    except (CodingError, ValueError) as error:
        raise ShapeError(f"its body cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise ShapeError("its body is no JSON object")
    return body


def _url(request: Request) -> str:
    """mitmproxy's own takes the Host field, which here is a placeholder, or the authority of HTTP/2."""
    host = f"[{request.host}]" if ":" in request.host else request.host
    port = "" if request.port == PORTS.get(request.scheme) else f":{request.port}"
    return f"{request.scheme}://{host}{port}{request.path}"


def _broken(path: Path, name: str, why: str) -> ShapeError:
    return ShapeError(f"{path} cannot be used as a shape: {why}", f"take another, or run: ccproxy shapes remove {name}")
