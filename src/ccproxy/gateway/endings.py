"""Whether a stream of server-sent events came to its end, or only stopped.

A provider, or something between, may end a response in good order in the middle of an answer. Each format says by an
event that an answer is whole, and a client must not take one for whole that lacks it.
"""

from __future__ import annotations

from ccproxy.exchange import HttpResponse, WireFormat

ENDINGS: dict[WireFormat, tuple[bytes, ...]] = {
    WireFormat.ANTHROPIC: (b'"message_stop"', b"\nevent: error", b'"error"'),
    WireFormat.OPENAI: (b"\ndata: [DONE]", b"\ndata:[DONE]", b'"finish_reason":"', b'"finish_reason": "', b'"error"'),
    WireFormat.OPENAI_RESPONSES: (
        b'"response.completed"',
        b'"response.incomplete"',
        b'"response.failed"',
        b'"response.cancelled"',
        b"\nevent: error",
        b'"type":"error"',
    ),
    WireFormat.GEMINI: (b'"finishReason"', b'"finish_reason"', b'"blockReason"', b'"error"'),
    WireFormat.PERPLEXITY: (b'"final_sse_message":true', b'"final_sse_message": true', b'"error_code"'),
}
"""What stands in the last events of an answer that came to an end, be it by an error. Nothing that a model writes
looks like that: inside JSON, quotes and line feeds are escaped. Some servers send no [DONE], so a finish reason will
do. Every Responses object has a member `error`, so there only the event counts."""


BEGINNINGS: dict[WireFormat, bytes] = {
    WireFormat.ANTHROPIC: b'"message_start"',
    WireFormat.OPENAI: b'"chat.completion.chunk"',
    WireFormat.OPENAI_RESPONSES: b'"response.created"',
    WireFormat.GEMINI: b'"candidates"',
    WireFormat.PERPLEXITY: b'"backend_uuid"',
}
"""What tells an answer of a format from any other event stream, whose end is none of our business."""


def stopped_short(format: WireFormat | None, response: HttpResponse) -> bool:
    """True for a response that began as an answer of its format and does not end as one. All of it must be kept."""
    if format is None or response.dropped or response.status != 200:
        return False
    body = response.body
    if BEGINNINGS[format] not in body:
        return False
    return all(body.rfind(ending) < 0 for ending in ENDINGS[format])
