"""Shapes that nobody captured, and flow files as another program writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from mitmproxy.http import Headers as FlowHeaders
from mitmproxy.http import HTTPFlow, Request
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from ccproxy.config.shaping import ShapeProfile, Shaping
from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Provenance, Shape, ShapeError
from ccproxy.shaping.store import ShapeStore

PROMPT = "what the user said to the model"
KEY = "sk-ant-api03-" + "made0up1" * 8
HEADERS: Headers = [
    (b"Accept", b"application/json"),
    (b"x-api-key", b"ccproxy:credential"),
    (b"User-Agent", b"madeup-cli/1.2.3 (external)"),
    (b"X-Two", b"one"),
    (b"anthropic-beta", b"made-up-2025-01-01"),
    (b"X-Two", b"other"),
    (b"Host", b"ccproxy:host"),
]
PROVENANCE = Provenance("capture", "madeup-cli", "1.2.3", 1700000000.5, "t13d1516h2_aaaaaaaaaaaa_bbbbbbbbbbbb")


def profiles() -> dict[str, ShapeProfile]:
    """Those that come with ccproxy."""
    return Shaping.model_validate({}).providers


def store_in(directory: Path) -> ShapeStore:
    return ShapeStore(directory / "shapes", profiles())


def shape(name: str = "anthropic", **other: Any) -> Shape:
    """A shape that is complete; `other` are members that it has instead."""
    members: dict[str, Any] = {
        "method": "POST",
        "url": "https://api.anthropic.com/v1/messages?beta=true",
        "headers": [*HEADERS],
        "body": {"zone": "b", "options": {"second": 2, "first": [1, {"b": True, "a": None}]}},
        "provenance": PROVENANCE,
    }
    return Shape(name, **{**members, **other})


def foreign_flow(body: Any, headers: Headers | None = None, raw: bytes | None = None) -> HTTPFlow:
    """A flow of another program: with content and a credential."""
    flow = tflow.tflow(resp=True)
    fields = headers or [(b"x-api-key", KEY.encode()), (b"User-Agent", b"other-cli/0.9 (x)"), (b"x-app", b"cli")]
    flow.request = Request.make(
        "POST",
        "https://api.anthropic.com/v1/messages?beta=true",
        headers=FlowHeaders(fields),
    )
    flow.request.raw_content = json.dumps(body).encode() if raw is None else raw
    flow.metadata = {"ccproxy.record": {"provider_type": "anthropic"}, "ccproxy.other": [PROMPT]}
    return flow


def write_flows(path: Path, flows: Iterable[Any]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for flow in flows:
            writer.add(flow)


def error_of(call: Callable[[], object]) -> str:
    """What a call says that raises ShapeError; nothing if it does not. It may raise nothing else."""
    try:
        call()
    except ShapeError as error:
        return str(error)
    return ""


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=12)
NAMES = st.text("abcXYZ-_.!", min_size=1, max_size=6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
SHAPES = st.builds(
    Shape,
    st.just("anthropic"),
    st.sampled_from(["POST", "GET", "M-SEARCH"]),
    st.builds(
        "https://{}{}".format,
        st.sampled_from(["h.example", "h.example:8443", "[::1]:1", "127.0.0.1"]),
        st.text("/abc%20.:?&=+~", max_size=12).map(lambda path: f"/{path}"),
    ),
    st.lists(st.tuples(NAMES.map(str.encode), VALUES.map(lambda value: value.encode("latin-1"))), max_size=6),
    st.dictionaries(TEXT, JSON, max_size=4),
)
