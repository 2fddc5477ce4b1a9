"""Made-up shapes of the packaged profiles, and what is needed to put requests into them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ccproxy.config import Config
from ccproxy.config.shaping import ShapeProfile, Shaping
from ccproxy.exchange import Headers, WireFormat
from ccproxy.shaping.apply import Outgoing, fit
from ccproxy.shaping.shape import Provenance, Shape
from ccproxy.shaping.shape_hooks import Incoming
from ccproxy.shaping.shape_hooks_named import shape_hooks_of
from ccproxy.shaping.store import ShapeStore
from ccproxy.shaping.template import Template, compile_template

IDENTITY = {"type": "text", "text": "made-up identity"}
MARKED = {**IDENTITY, "cache_control": {"type": "ephemeral"}}
USER_ID = json.dumps({"device_id": "made-up-device", "session_id": "ccproxy:session-id"})
MADE = Provenance("capture", "madeup-cli", "1.2.3", 1700000000.0)

ANTHROPIC = Shape(
    "anthropic",
    "POST",
    "https://api.anthropic.com/v1/messages?beta=true",
    [
        (b"Accept", b"application/json"),
        (b"Authorization", b"ccproxy:credential"),
        (b"User-Agent", b"madeup-cli/1.2.3 (external)"),
        (b"X-Claude-Code-Session-Id", b"ccproxy:session-id"),
        (b"anthropic-beta", b"made-up-2025-01-01, other-2025-02-02"),
        (b"anthropic-version", b"2023-06-01"),
        (b"x-client-request-id", b"ccproxy:request-id"),
        (b"Host", b"ccproxy:host"),
        (b"Accept-Encoding", b"gzip, zstd"),
        (b"content-type", b"application/json"),
        (b"Content-Length", b"ccproxy:length"),
    ],
    {"mode": {"made_up": True}, "system": [MARKED], "metadata": {"user_id": USER_ID}},
    MADE,
)
GEMINI = Shape(
    "gemini",
    "POST",
    "https://cloudcode.example/v1internal:streamGenerateContent?alt=sse&lang=en",
    [
        (b"content-type", b"application/json"),
        (b"user-agent", b"MadeupCLI/0.9.1/made-up-model (linux; x64)"),
        (b"authorization", b"ccproxy:credential"),
        (b"x-goog-api-client", b"gl-node/99"),
        (b"host", b"ccproxy:host"),
        (b"content-length", b"ccproxy:length"),
    ],
    {"user_prompt_id": "ccproxy:prompt-id", "request": {"session_id": "ccproxy:session-id"}, "credits": ["made-up"]},
    MADE,
)
RESPONSES = Shape(
    "openai_responses",
    "POST",
    "https://chatgpt.example/backend-api/codex/responses",
    [
        (b"session_id", b"ccproxy:session-id"),
        (b"authorization", b"ccproxy:credential"),
        (b"originator", b"madeup_exec"),
        (b"user-agent", b"madeup_exec/0.5.0"),
        (b"accept", b"text/event-stream"),
        (b"content-type", b"application/json"),
        (b"host", b"ccproxy:host"),
    ],
    {"instructions": "made-up instructions", "lane": "ccproxy:session-id"},
    MADE,
)
SHAPES = {shape.profile: shape for shape in (ANTHROPIC, GEMINI, RESPONSES)}


def profile(name: str = "anthropic", **other: Any) -> ShapeProfile:
    """A packaged profile, with other settings in places."""
    return Shaping.model_validate({"providers": {name: other}}).providers[name]


def template(name: str = "anthropic", shape: Shape | None = None, **other: Any) -> Template:
    """A shape of a packaged profile, compiled with the profile's own hooks."""
    written = {"providers": {name: other}} if other else {}
    config = Config.model_validate(
        {"shaping": written, "providers": {"one": {"type": name, "base_url": "http://127.0.0.1:9", "shape": name}}}
    )
    return compile_template(config.shaping.providers[name], shape or SHAPES[name], shape_hooks_of(config)[name])


def shaped(
    body: Mapping[str, Any], headers: Headers | None = None, by: Template | None = None, **other: Any
) -> Outgoing:
    """A request in a shape; Anthropic's, if no other is given."""
    by = by or template()
    incoming: dict[str, Any] = {
        "target": b"/v1/messages",
        "format": WireFormat(by.profile.format) if by.profile.format else None,
        "session": "made-up session",
        "credentials": frozenset({b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie"}),
    }
    return fit(by, Incoming(body, headers or [], **{**incoming, **other}))


def names(headers: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The names of header fields, in their order and spelling."""
    return [name for name, _ in headers]


def put_shape(config_dir: Path, shape: Shape) -> Path:
    """Saves a shape where a daemon looks for it."""
    return ShapeStore(config_dir / "shapes", Shaping.model_validate({}).providers).save(shape)
