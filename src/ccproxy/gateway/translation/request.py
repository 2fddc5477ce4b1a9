"""The request's way: what a client asked in its format, as the provider's format has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import Headers, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.translation.headers import request_headers
from ccproxy.gateway.translation.response_store import Items, ResponseStore, own_items, whole_response, with_history
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.counting import count_document, counting_body
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.formats import request_module
from ccproxy.lightllm.translate import translate_request
from ccproxy.pipeline.draft import Draft

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.providers.endpoint import Operation


@dataclass(slots=True)
class Translation:
    """One request under translation, with what its answer will need."""

    client: WireFormat
    provider: WireFormat
    operation: Operation
    stream: bool
    asked: Asked
    headers: Headers
    draft: Draft
    """The provider's request body."""
    previous: str | None = None
    """Responses: the response that this one follows."""
    own_input: Items | None = None
    """Responses: what this request itself brought; None if it is not to be remembered."""

    def remember(self, answer: bytes, store: ResponseStore) -> None:
        """Keeps a response of the Responses API for later requests: a body, or the last bytes of a stream."""
        if self.own_input is None:
            return
        response = whole_response(answer)
        if response is not None and response.get("status") in ("completed", "incomplete"):
            store.keep(self.previous, self.own_input, response)


async def load_types() -> None:
    """Loads what reads and writes requests where that has not happened, without standing in anybody's way.

    Who comes while it loads waits too, beside the event loop: importing a module that another thread imports blocks.
    """
    if request_module.cache_info().currsize < len(WireFormat):
        await asyncio.to_thread(lambda: [request_module(format) for format in WireFormat])


async def begin(inquiry: Inquiry, provider: WireFormat, model: str, store: ResponseStore) -> Translation:
    """Translates a request. Raises Refused where that cannot be done.

    Args:
        inquiry: a request of an endpoint that has an operation.
        provider: the format to translate to.
        model: the model to ask for.
        store: for requests of the Responses API that build on earlier ones.
    """
    endpoint = inquiry.endpoint
    assert endpoint is not None
    assert endpoint.operation is not None
    document = inquiry.document()
    if not isinstance(document, dict):
        raise Refused(400, "invalid_json", "the request body is not a JSON object")
    document = inquiry.draft.text_document()
    await load_types()
    stream = inquiry.wants_stream() and endpoint.operation == "generate"
    asked = Asked(inquiry.model() or model, document, inquiry.sse, inquiry.wrapped)
    draft = Draft(provider, b"")
    translation = Translation(endpoint.format, provider, endpoint.operation, stream, asked, [], draft)
    if endpoint.format is WireFormat.OPENAI_RESPONSES:
        document = _remembered(translation, document, store)
    draft.replace(_translated(translation, document, model))
    translation.headers = request_headers(inquiry.headers, provider, stream)
    return translation


def _remembered(translation: Translation, document: dict[str, Any], store: ResponseStore) -> dict[str, Any]:
    own = own_items(document, store)
    if translation.operation == "generate" and document.get("store") is not False:
        translation.own_input = own
        translation.previous = document.get("previous_response_id") or None
    return with_history(document, own, store)


def _translated(translation: Translation, document: dict[str, Any], model: str) -> dict[str, Any]:
    counts = translation.operation == "count_tokens"
    if counts:
        document = count_document(translation.client, document)
    try:
        body, drops = translate_request(document, translation.client, translation.provider, model, translation.stream)
    except InvalidCall as error:
        raise Refused(400, "invalid_request", str(error)) from error
    translation.asked.drops.update(drops)
    return counting_body(translation.provider, body, model) if counts else body
