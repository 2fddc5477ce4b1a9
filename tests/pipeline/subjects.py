"""Requests for hooks, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from ccproxy.exchange import Exchange, Headers, HttpRequest, WireFormat
from ccproxy.pipeline.access import Access
from ccproxy.pipeline.body import Body
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.subject import Subject
from tests.pipeline.declared import step

PATHS = {
    WireFormat.ANTHROPIC: b"/v1/messages",
    WireFormat.OPENAI: b"/v1/chat/completions",
    WireFormat.OPENAI_RESPONSES: b"/v1/responses",
    WireFormat.GEMINI: b"/v1beta/models/m-1:generateContent",
}


def access(reads: Sequence[str] = (), writes: Sequence[str] = ()) -> Access:
    """What a hook with these declarations may do."""
    return Access(step("hook", reads, writes))


def body(document: Any, reads: Sequence[str] = ("**",), writes: Sequence[str] = ("**",)) -> tuple[Body, Draft, Access]:
    """The body of a request for a hook that declares so."""
    draft, allowed = Draft(None, orjson.dumps(document)), access(reads, writes)
    return Body(draft, allowed), draft, allowed


HEADERS: Headers = [(b"Host", b"localhost"), (b"Content-Type", b"application/json")]


def subject(
    document: Any,
    headers: Headers = HEADERS,
    format: WireFormat | None = WireFormat.ANTHROPIC,
    is_call: bool = True,
) -> Subject:
    """A request of a format; `document` is JSON or bytes."""
    raw = document if isinstance(document, bytes) else orjson.dumps(document)
    path = PATHS[format] if format is not None else b"/v1/files"
    exchange = Exchange(HttpRequest("POST", path, list(headers), raw), format=format)
    gemini = format is WireFormat.GEMINI
    return Subject(
        exchange,
        Draft(format, raw),
        list(headers),
        lambda: exchange.model or "m-1",
        path_model="m-1" if gemini else None,
        stream=False if gemini else None,
        is_call=is_call,
    )


def context(subject: Subject, reads: Sequence[str] = ("**",), writes: Sequence[str] = ("**",)) -> Context:
    """What a hook with these declarations sees of it."""
    return Context(subject, step("hook", reads, writes))
