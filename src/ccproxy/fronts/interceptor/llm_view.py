"""The content view LLM: a request to a model, or its answer, as people read a conversation."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight
from mitmproxy.http import HTTPFlow, Message, Response

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import WireFormat
from ccproxy.fronts.interceptor.llm_request import request_in_words
from ccproxy.gateway.answer_in_words import Section, answer_in_words
from ccproxy.gateway.native_format import native_format

NOT_LLM = "(this is no message to or from a model that can be read)"
MOST_CHARACTERS = 1_000_000
"""Of the text; what is beyond is counted."""
MOST_BYTES = 16 * 1024 * 1024
"""Of a body, content codings undone: it is read on the daemon's event loop."""


class LlmView(Contentview):
    """The forwarded request, or the provider's answer, in words."""

    @property
    def name(self) -> str:
        """What the view's menu calls it."""
        return "LLM"

    @property
    def syntax_highlight(self) -> SyntaxHighlight:
        """It is prose."""
        return "none"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The message as text, its content coding undone if need be."""
        flow, message = metadata.flow, metadata.http_message
        if not isinstance(flow, HTTPFlow) or message is None:
            return NOT_LLM
        try:
            return bounded(sections(clear(message), flow, message)) or NOT_LLM
        except (CodingError, ValueError, TypeError, AttributeError, RecursionError):
            return NOT_LLM  # JSON of any shape comes here

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Below zero: only shown if it is chosen."""
        return -1


def clear(message: Message) -> bytes:
    """The body with content codings undone. Raises CodingError, for a body that is too large too."""
    body = decode(message.raw_content or b"", message.headers.get("content-encoding"), MOST_BYTES)
    if len(body) > MOST_BYTES:
        raise CodingError(f"the body is larger than {MOST_BYTES} bytes")
    return body


def sections(body: bytes, flow: HTTPFlow, message: Message) -> list[Section]:
    """What there is to be told of a body. Raises ValueError."""
    name = flow.metadata.get("ccproxy.provider_format") or flow.metadata.get("ccproxy.format")
    wire = WireFormat(name) if name else native_format(flow.request.path.partition("?")[0])
    if not isinstance(message, Response):
        return request_in_words(orjson.loads(body), wire)
    return answer_in_words(body, wire, message.status_code) if wire else []


def bounded(told: Iterable[Section]) -> str:
    """The sections below one another, no more of them than `MOST_CHARACTERS`."""
    text = "\n\n".join(f"── {heading or 'message'}\n{words}" for heading, words in told)
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n\n… and {len(text) - MOST_CHARACTERS:,} characters more"
