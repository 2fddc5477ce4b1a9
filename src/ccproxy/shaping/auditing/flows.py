"""Secrets, ids and content in the flows of a flow file, and what a flow that is a shape does not have."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from ccproxy.config.shape_profiles import FRAMING_HEADERS, TARGET_HEADERS
from ccproxy.config.shaping import ShapeProfile
from ccproxy.flows.files import FlowFileError
from ccproxy.shaping.auditing.excess import excess, together
from ccproxy.shaping.auditing.messages import Leak, told
from ccproxy.shaping.auditing.values import leaks
from ccproxy.shaping.reducing.fields import OF_ONE_WAY
from ccproxy.shaping.regular import open_regular
from ccproxy.shaping.shape import PLACEHOLDERS

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is looked at."""
NOT_TOLD = frozenset({*FRAMING_HEADERS, *TARGET_HEADERS, "content-encoding"})
"""Fields of `strip_headers` that tell nothing, or of which more is said."""
CONNECTIONS = ("client_conn", "server_conn")
ABSENT = {"response": "an answer", "websocket": "messages of a WebSocket", "backup": "an earlier state of the flow"}
"""What a shape does not have."""


def flow_leaks(path: Path, profile: ShapeProfile | None) -> Iterator[tuple[int | None, Leak]]:
    """What is in each flow of a file, with the flow's number. A file that is damaged is told as such, at its end.

    Raises OSError.
    """
    from ccproxy.flows.mflow.reading import UNREADABLE, flows_of

    stripped = frozenset(profile.strip_headers if profile else ()) - NOT_TOLD
    with open_regular(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        yield None, Leak("file", f"it is larger than {LARGEST:,} bytes, and only its beginning was read")
    try:
        for number, flow in enumerate(flows_of(BytesIO(data), len(data)), 1):
            state = flow.get_state()
            known = list(_flow(state, stripped))
            more = excess(state.get("request") or {}, profile or ShapeProfile())
            yield from ((number, leak) for leak in together(known, more))
    except FlowFileError as error:
        yield None, Leak("file", f"it cannot be read: {error}")
    except UNREADABLE as error:
        yield None, Leak("file", f"it is damaged: {type(error).__name__}")


def _flow(state: Mapping[str, Any], stripped: Collection[str]) -> Iterator[Leak]:
    if state.get("type") != "http":
        yield Leak("flow", f"it is no HTTP request but {state.get('type')}")
    request = state.get("request") or {}
    yield from _request(request, stripped)
    for name, value in state.items():
        if name in ABSENT and value:
            yield Leak(name, f"{ABSENT[name]}, which no shape has")
        if name in CONNECTIONS and value:
            yield from _connection(name, value)
        if name != "request":
            yield from leaks(value, name)


def _request(request: Mapping[str, Any], stripped: Collection[str]) -> Iterator[Leak]:
    authority = told(request.get("authority")) or told(request.get("host"))
    path = told(request.get("path"))
    url = path if "://" in path.partition("?")[0] else f"//{authority}{path}"
    yield from leaks({"headers": (), **request, "path": url, "authority": "", "host": ""}, "", strict=True)
    for name, value in ((told(name).lower(), told(value)) for name, value in request.get("headers") or ()):
        if name.startswith("x-ccproxy-"):
            yield Leak(f"headers.{name}", "a field of ccproxy's own")
        elif name in stripped and value not in {"", *PLACEHOLDERS} and not OF_ONE_WAY.fullmatch(name):
            yield Leak(f"headers.{name}", "what tells of one machine, one account or one turn")


def _connection(name: str, state: Mapping[str, Any]) -> Iterator[Leak]:
    for end in ("peername", "sockname"):
        if (address := state.get(end)) and not _is_here(told(address[0])):
            yield Leak(f"{name}.{end}", "the address of a machine")


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address in {"", "localhost"}
