"""A whole answer of Code Assist on its way to a client of the Gemini API: what it is, and whether it is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ccproxy.gateway.provider_answer import looks_like_stream
from ccproxy.gateway.unwrapped_stream import ENDED, EVENTS, JSON
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.buffered import SIGNS
from ccproxy.lightllm.gemini.errors import read_error
from ccproxy.lightllm.gemini.names import camel
from ccproxy.lightllm.gemini.splicing import Found, found_in, spliced
from ccproxy.lightllm.gemini.unwrapping import Unwrapping
from ccproxy.lightllm.sse import EventTooLong
from ccproxy.lightllm.translate import parsed

if TYPE_CHECKING:
    from ccproxy.exchange import Header
    from ccproxy.lightllm.events import WireError
    from ccproxy.providers.endpoint import Operation

NOTHING: dict[Operation, str] = {
    "generate": "the provider's answer is no GenerateContentResponse",
    "count_tokens": "the provider's answer holds no count of tokens",
}
"""What is said of JSON that is no answer: the same as where it has to be translated."""


class Bare(NamedTuple):
    """An answer without its envelope."""

    body: bytes
    kind: Header
    """Its type."""
    error: WireError | None = None
    """Set for an error under a status of success; the body says it in Google's words."""


def bare(body: bytes, operation: Operation, *, array: bool) -> Bare:
    """A whole body as the Gemini API has it, for who asked for an array as one. Raises Malformed for what is none."""
    if looks_like_stream(body):
        return Bare(_events(body, array), JSON if array else EVENTS)
    found = found_in(body)
    if not found:
        parsed(body)  # which says what is wrong with it, if it is no JSON
        raise Malformed(NOTHING[operation])
    documents = [document_of(one) for one in found]
    if operation == "generate" and all(SIGNS.isdisjoint(camel(one) | one) for one in documents):
        raise Malformed(NOTHING[operation])
    error = read_error(documents[0], 200) if documents[0].get("error") else None
    answer = spliced(body, found)
    return Bare(as_array(answer) if array else answer, JSON, error)


def document_of(found: Found) -> dict[str, Any]:
    """An answer, of which the names are of interest. Python's reader takes what the bytes were found with."""
    document: dict[str, Any] = json.loads(found.answer.decode("utf-8", "replace"))
    return document


def _events(body: bytes, array: bool) -> bytes:
    """A stream that came under another name."""
    unwrapping = Unwrapping(array=array)
    try:
        out = unwrapping.feed(body) + unwrapping.end()
    except EventTooLong as error:
        raise Malformed(str(error)) from error
    if not unwrapping.whole:
        raise Malformed(ENDED)
    return out


def as_array(body: bytes) -> bytes:
    """An object as the only element of an array, which is how Google answers who asked for one. Other bodies stay."""
    return b"[%b]" % body if body.lstrip()[:1] == b"{" else body
