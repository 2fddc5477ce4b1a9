"""What clients of each format demand of what they get: one way in for all formats, whatever produced the bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ccproxy.exchange import WireFormat
from tests.support.grammar import anthropic, gemini, openai_chat, openai_responses

STREAMS: dict[WireFormat, Callable[[str], list[str]]] = {
    WireFormat.ANTHROPIC: anthropic.check_stream,
    WireFormat.OPENAI: openai_chat.check_stream,
    WireFormat.OPENAI_RESPONSES: openai_responses.check_stream,
    WireFormat.GEMINI: gemini.check_stream,
}
BODIES: dict[WireFormat, Callable[[Any], list[str]]] = {
    WireFormat.ANTHROPIC: anthropic.check_body,
    WireFormat.OPENAI: openai_chat.check_body,
    WireFormat.OPENAI_RESPONSES: openai_responses.check_body,
    WireFormat.GEMINI: gemini.check_body,
}
ERRORS: dict[WireFormat, Callable[[Any], list[str]]] = {
    WireFormat.ANTHROPIC: anthropic.check_error,
    WireFormat.OPENAI: openai_chat.check_error,
    WireFormat.OPENAI_RESPONSES: openai_chat.check_error,
    WireFormat.GEMINI: gemini.check_error,
}
"""The Responses API and Chat Completions have one form of error."""

MADE_UP = re.compile(
    rb'(?P<hex>(?:[a-z]+_|chatcmpl-)[0-9a-f]{24})|(?<="responseId":")(?P<gemini>[\w-]{23})(?=")'
    rb'|(?<="created":)\d+|(?<="created_at":)\d+|(?<="completed_at":)\d+'
)
"""Ids that nobody gave and times that were read off the clock: alike in form, different in every answer."""


def stream_faults(format: WireFormat, out: bytes) -> list[str]:
    """What is wrong with a stream; it may be a whole one or end in an error of its dialect."""
    return _judged(STREAMS[format], out.decode())


def body_faults(format: WireFormat, out: bytes) -> list[str]:
    """What is wrong with a whole answer."""
    return _judged(BODIES[format], json.loads(out))


def error_faults(format: WireFormat, out: bytes, status: int) -> list[str]:
    """What is wrong with the body of an error that has this status."""
    document = json.loads(out)
    faults = _judged(ERRORS[format], document)
    if format is WireFormat.GEMINI and not faults and document["error"]["code"] != status:
        faults.append(f"code {document['error']['code']} under the status {status}")
    return faults


def _judged(check: Callable[[Any], list[str]], value: Any) -> list[str]:
    try:
        return check(value)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return [f"types so wrong that the checker gave up: {error!r}"]


def comparable(out: bytes) -> bytes:
    """Output without what differs from one run to the next. Ids stay of their form, and different ones different."""
    names: dict[bytes, bytes] = {}

    def put(match: re.Match[bytes]) -> bytes:
        if match["hex"]:
            return names.setdefault(match["hex"], match["hex"][:-24] + b"%024x" % (len(names) + 1))
        return b"made-up" if match["gemini"] else b"1700000000"

    return MADE_UP.sub(put, out)
