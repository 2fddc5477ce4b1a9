"""One format into another: requests, whole answers and errors. Streams are in `stream_translator`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.call_ids import with_distinct_ids
from ccproxy.lightllm.depth import is_deep, too_deep
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import Event, WireError
from ccproxy.lightllm.failures import UNREADABLE, InvalidCall, Malformed
from ccproxy.lightllm.formats import buffered_module, errors_module, reader_of, request_module, stream_module
from ccproxy.lightllm.sse import COMMENT, EventTooLong, Framer
from ccproxy.lightllm.stream_translator import read_frame

if TYPE_CHECKING:
    from ccproxy.lightllm.call import ModelCall


def translate_request(
    document: Any, client: WireFormat, provider: WireFormat, model: str | None = None, stream: bool | None = None
) -> tuple[dict[str, Any], Drops]:
    """A request body of one format as one of another, and what was left out. Raises InvalidCall."""
    body, call = translate_call(document, client, provider, model, stream)
    return body, call.drops


def translate_call(
    document: Any,
    client: WireFormat,
    provider: WireFormat,
    model: str | None = None,
    stream: bool | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], ModelCall]:
    """A request body of one format as one of another, and the call between them. Raises InvalidCall.

    `options`: see `ModelCall`.
    """
    try:
        call = request_module(client).load(document, model, stream)
        _check_numbers(call)
        call.options = options or {}
        return request_module(provider).dump(call), call
    except (RecursionError, TypeError) as error:
        if isinstance(error, TypeError) and not is_deep(document):
            raise
        raise InvalidCall("the request is nested too deeply to be translated") from error


LARGEST = 2**53
"""The largest number that a setting may have: what is beyond it is not the same in every JSON reader, or in none."""


def _check_numbers(call: ModelCall) -> None:
    """Raises InvalidCall for settings that are no numbers one can write, such as `1e308` tokens or `"nan"`."""
    budget = call.reasoning.budget if call.reasoning is not None else None
    counts = {"reasoning": budget, "top_logprobs": call.top_logprobs, "choices": call.choices}
    for name, value in (*call.settings.items(), *counts.items()):
        if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:
            raise InvalidCall(f"{name}: not a number within reason", name)


def parsed(body: bytes) -> Any:
    """What a provider sent as JSON. Raises Malformed, for what is nested too deeply too."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the provider's answer is not valid JSON: {error}") from error
    if too_deep(body):
        raise Malformed("the provider's answer is nested too deeply")
    return document


def read_events(document: Any, provider: WireFormat) -> list[Event]:
    """The events that a whole answer amounts to. Raises Malformed."""
    try:
        return with_distinct_ids(buffered_module(provider).read_body(document))
    except Malformed:
        raise
    except UNREADABLE as error:
        raise Malformed(f"the provider's answer cannot be read: {error!r}") from error


def read_answer(document: Any, provider: WireFormat) -> Answer:
    """A whole answer of a provider. Raises Malformed."""
    answer = collect(read_events(document, provider))
    if answer.error is None and not answer.complete:
        raise Malformed("the provider's answer is not whole")
    return answer


def read_stream(body: bytes, provider: WireFormat) -> Answer:
    """The answer that a whole stream amounts to, for a client that wants it in one piece. Raises Malformed."""
    return collect(read_stream_events(body, provider))


def read_stream_events(body: bytes, provider: WireFormat, reading: Mapping[str, Any] | None = None) -> list[Event]:
    """The events of a whole stream; `reading` as `reader_of` has it. Raises Malformed."""
    framer, reader = Framer(), reader_of(provider, reading)
    events: list[Event] = []
    try:
        frames = [*framer.feed(body), *framer.end()]
    except EventTooLong as error:
        raise Malformed(str(error)) from error
    for name, data in frames:
        if name != COMMENT[0]:
            events += read_frame(reader, name, data)
    events += reader.end()
    return with_distinct_ids(events)


def write_answer(answer: Answer, client: WireFormat, asked: Asked) -> bytes:
    """A whole answer as a client's body. `answer.error` must be None."""
    return orjson.dumps(buffered_module(client).write_body(answer, asked))


def stream_answer(document: Any, provider: WireFormat, client: WireFormat, asked: Asked) -> bytes:
    """A whole answer as a stream, for a client that asked for one. Raises Malformed."""
    writer = stream_module(client).StreamWriter(asked)
    return b"".join([writer.write(event) for event in read_events(document, provider)])


def translate_error(document: Any, status: int, provider: WireFormat) -> WireError | None:
    """What an error body of a provider says; None if it holds no error of its format."""
    return errors_module(provider).read_error(document, status)


def write_error(error: WireError, client: WireFormat) -> bytes:
    """An error in the client's dialect, as a body."""
    return orjson.dumps(errors_module(client).write_error(error))
