"""Code Assist's answers for clients of the Gemini API: without the envelope, and as one array for who asked for that.

Who comes after, response hooks and the relay, sees an answer of the Gemini API. The record keeps the provider's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.codings import CodingError
from ccproxy.gateway.collected import Gathered
from ccproxy.gateway.provider_answer import is_stream, may_stream, read_whole
from ccproxy.gateway.unwrapped_stream import JSON, UnwrappedStream, kept
from ccproxy.lightllm.gemini.unwrapping import unwrapped_body
from ccproxy.providers.gemini_code_assist import is_code_assist
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming


async def unwrapped(incoming: Incoming, inquiry: Inquiry, plan: Plan, recorder: Recorder) -> Incoming:
    """The answer as the client's API has it; what needs nothing of the kind is returned as it is.

    Raises TransportError where a whole body breaks off, is too long, or cannot be decoded.
    """
    endpoint, exchange = inquiry.endpoint, inquiry.exchange
    if endpoint is None or not is_due(inquiry, plan):
        return incoming
    array = endpoint.streams and not inquiry.sse
    if incoming.status != 200:
        if incoming.status < 400 or not array:
            return incoming
        body = await read_whole(incoming, exchange, recorder)
        return Gathered(incoming, incoming.status, kept(incoming, JSON), as_array(body))
    if is_stream(incoming) or (endpoint.streams and may_stream(incoming)):
        try:
            return UnwrappedStream(incoming, exchange, recorder, array=array)
        except CodingError as error:
            incoming.close()
            raise TransportError("protocol", f"the provider's stream cannot be decoded: {error}") from error
    body = unwrapped_body(await read_whole(incoming, exchange, recorder))
    return Gathered(incoming, 200, kept(incoming, JSON), as_array(body) if array else body)


def is_due(inquiry: Inquiry, plan: Plan) -> bool:
    """True for a model call, or a count, of the Gemini API that went to Code Assist."""
    endpoint = inquiry.endpoint
    if plan.translate is not None or not is_code_assist(plan.provider) or inquiry.exchange.request.method != "POST":
        return False
    return endpoint is not None and endpoint.model is not None and endpoint.operation is not None


def as_array(body: bytes) -> bytes:
    """An object as the only element of an array, which is how Google answers who asked for one. Other bodies stay."""
    return b"[%b]" % body if body.lstrip()[:1] == b"{" else body
