"""The request's way: what a client asked in its format, as the provider's format has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import Headers, WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.translation.headers import request_headers
from ccproxy.gateway.translation.response_store import Items, ResponseStore, own_items, whole_response, with_history
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.counting import count_document, counting_body
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.formats import request_module
from ccproxy.lightllm.translate import translate_call
from ccproxy.pipeline.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccproxy.exchange import Exchange
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.translation.explaining import Explaining
    from ccproxy.lightllm.call import ModelCall
    from ccproxy.lightllm.events import Finish
    from ccproxy.providers.endpoint import Endpoint, Operation
    from ccproxy.providers.provider import Provider


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
    call: ModelCall | None = None
    """What the client asked, where that is of another format."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How the answer is read; see `lightllm.formats.reader_of`."""
    explaining: Explaining | None = None
    """Says what can be done about errors, where there is something to say."""
    on_finish: Callable[[Finish], None] | None = None
    """Told how the answer ended, once it is whole."""
    previous: str | None = None
    """Responses: the response that this one follows."""
    own_input: Items | None = None
    """Responses: what this request itself brought; None if it is not to be remembered."""

    def finished(self, finish: Finish) -> None:
        """The answer is whole."""
        if self.on_finish is not None:
            self.on_finish(finish)

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


async def begin(inquiry: Inquiry, plan: Plan, store: ResponseStore) -> Translation:
    """Translates a request. Raises Refused where that cannot be done.

    Args:
        inquiry: a request of an endpoint that has an operation.
        plan: where it goes, in which format, and for which model.
        store: for requests of the Responses API that build on earlier ones.
    """
    endpoint, provider = inquiry.endpoint, plan.translate
    assert endpoint is not None
    assert endpoint.operation is not None
    assert provider is not None
    assert plan.model is not None
    document = inquiry.document()
    if not isinstance(document, dict):
        raise Refused(400, "invalid_json", "the request body is not a JSON object")
    document = inquiry.draft.text_document()
    await load_types()
    stream = inquiry.wants_stream() and endpoint.operation == "generate"
    asked = Asked(inquiry.model() or plan.model, document, inquiry.sse, inquiry.wrapped)
    previous, own_input = None, None
    if endpoint.format is WireFormat.OPENAI_RESPONSES:
        own = own_items(document, store)
        if endpoint.operation == "generate" and document.get("store") is not False:
            previous, own_input = document.get("previous_response_id") or None, own
        document = with_history(document, own, store)
    body, call = _translated(endpoint, document, plan, stream)
    asked.drops.update(call.drops)
    draft = Draft(provider, b"")
    draft.replace(body)
    reading, explaining = _reading(plan.provider, inquiry.exchange)
    return Translation(
        endpoint.format,
        provider,
        endpoint.operation,
        stream,
        asked,
        request_headers(inquiry.headers, provider, stream),
        draft,
        call=call,
        reading=reading,
        explaining=explaining,
        previous=previous,
        own_input=own_input,
    )


def _reading(provider: Provider | None, exchange: Exchange) -> tuple[Mapping[str, Any], Explaining | None]:
    """How an answer is read, and its errors are explained."""
    if provider is None or provider.perplexity is None:
        return provider.reading if provider is not None else {}, None
    from ccproxy.gateway.translation.explaining import Explaining  # which most have no use for

    explaining = Explaining(provider.name, exchange)
    return {**provider.reading, "explain": explaining.event}, explaining


def _translated(endpoint: Endpoint, document: dict[str, Any], plan: Plan, stream: bool) -> tuple[Any, ModelCall]:
    counts, provider, model = endpoint.operation == "count_tokens", plan.translate, plan.model
    assert provider is not None
    assert model is not None
    if counts:
        document = count_document(endpoint.format, document)
    options = plan.provider.writing if plan.provider is not None else None
    try:
        body, call = translate_call(document, endpoint.format, provider, model, stream, options)
    except InvalidCall as error:
        raise Refused(400, "invalid_request", str(error)) from error
    return counting_body(provider, body, model) if counts else body, call
