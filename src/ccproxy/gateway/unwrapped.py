"""Code Assist's answers for clients of the Gemini API: without the envelope, and as one array for who asked for that.

Who comes after, response hooks and the relay, sees an answer of the Gemini API. The record keeps the provider's own.
What is no answer, such as the page of a login, is an error for the client, as it is where answers are translated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.codings import CodingError
from ccproxy.exchange import Failure, get_header
from ccproxy.gateway.collected import Gathered
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.provider_answer import is_stream, kind_of, may_stream, read_whole
from ccproxy.gateway.unwrapped_body import Bare, as_array, bare
from ccproxy.gateway.unwrapped_stream import JSON, UnwrappedStream, kept, without_type
from ccproxy.lightllm.failures import Malformed
from ccproxy.providers.gemini_code_assist import is_code_assist
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming


async def unwrapped(incoming: Incoming, inquiry: Inquiry, plan: Plan, recorder: Recorder) -> Incoming:
    """The answer as the client's API has it; what needs nothing of the kind is returned as it is.

    Raises TransportError where a whole body breaks off, is too long, or cannot be decoded, and Refused for a redirect
    and for what is no answer.
    """
    if not is_due(inquiry, plan):
        return incoming
    try:
        return await _taken(incoming, inquiry, recorder)
    except (Refused, TransportError):
        incoming.close()
        inquiry.exchange.answered_model = None
        raise


def is_due(inquiry: Inquiry, plan: Plan) -> bool:
    """True for a model call, or a count, of the Gemini API that went to Code Assist."""
    endpoint = inquiry.endpoint
    if plan.translate is not None or not is_code_assist(plan.provider) or inquiry.exchange.request.method != "POST":
        return False
    return endpoint is not None and endpoint.model is not None and endpoint.operation is not None


async def _taken(incoming: Incoming, inquiry: Inquiry, recorder: Recorder) -> Incoming:
    exchange, status = inquiry.exchange, incoming.status
    array = _wants_array(inquiry)
    if status == 200:
        return await _answer(incoming, inquiry, recorder, array)
    if 300 <= status < 400:
        await read_whole(incoming, exchange, recorder)
        raise Refused(502, "provider_error", f"the provider answered with a redirect ({status})")
    if status < 400 or not array:
        return incoming
    body = await read_whole(incoming, exchange, recorder)
    return Gathered(incoming, status, kept(incoming, JSON), as_array(body))


def _wants_array(inquiry: Inquiry) -> bool:
    return inquiry.endpoint is not None and inquiry.endpoint.streams and not inquiry.sse


async def _answer(incoming: Incoming, inquiry: Inquiry, recorder: Recorder, array: bool) -> Incoming:
    endpoint, exchange = inquiry.endpoint, inquiry.exchange
    assert endpoint is not None
    assert endpoint.operation is not None
    if is_stream(incoming) or (endpoint.streams and may_stream(incoming)):
        stream = _stream(incoming, exchange, recorder, array)
        if is_stream(incoming) or await stream.begins():
            return stream
        body = await stream.rest()
    else:
        body = await read_whole(incoming, exchange, recorder)
    try:
        return _whole(incoming, exchange, bare(body, endpoint.operation, array=array))
    except Malformed as error:
        raise Refused(502, "malformed_answer", str(error)) from error


def _stream(incoming: Incoming, exchange: Exchange, recorder: Recorder, array: bool) -> UnwrappedStream:
    try:
        return UnwrappedStream(incoming, exchange, recorder, array=array)
    except CodingError as error:
        incoming.close()
        raise TransportError("protocol", f"the provider's stream cannot be decoded: {error}") from error


def _whole(incoming: Incoming, exchange: Exchange, answer: Bare) -> Incoming:
    """An answer in one piece; an error has the status that it tells of, though it came under that of a success."""
    typed = kind_of(incoming) == answer.kind[1].partition(b";")[0]
    headers = kept(incoming, answer.kind) if typed else [*without_type(incoming), answer.kind]
    error = answer.error
    if error is None:
        return Gathered(incoming, 200, headers, answer.body)
    exchange.answered_model = None
    exchange.failure = Failure(error.code or "provider_error", error.message)
    if error.retry_after is not None and get_header(headers, b"retry-after") is None:
        headers.append((b"Retry-After", b"%d" % -(-error.retry_after // 1)))
    return Gathered(incoming, error.status, headers, answer.body)
