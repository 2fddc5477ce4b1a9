"""Any message of one format as one of another: the layer as a filter, for bug reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import InvalidCall, Malformed
from ccproxy.lightllm.gemini.envelope import is_wrapped
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import (
    read_answer,
    read_stream,
    stream_answer,
    translate_error,
    translate_request,
    write_answer,
    write_error,
)

type Kind = Literal["request", "answer", "stream", "error"]

REQUEST_MEMBERS = {"messages", "input", "contents", "prompt", "query_str"}
ERROR_STATUS = 500
"""Taken for an error whose status the document does not tell."""


@dataclass(slots=True)
class Converted:
    """What came out."""

    kind: Kind
    data: bytes
    drops: Drops
    error: str | None = None
    """Set where a stream or an answer ends in an error; it is in `data` too."""


def convert(
    data: bytes,
    source: WireFormat,
    target: WireFormat,
    kind: Kind | None,
    stream: bool | None,
    model: str | None = None,
) -> Converted:
    """Converts one message.

    Args:
        data: JSON, or the text of server-sent events.
        source: its format.
        target: the format wanted.
        kind: what it is; None finds out.
        stream: for answers, whether a stream is wanted; None keeps what it was.
        model: for requests, the model that is asked for; None keeps the one that was.

    Raises:
        InvalidCall: for a request that has no meaning.
        Malformed: for an answer that is not of its format, data that is neither JSON nor events, or anything but a
            request where no client speaks the target.
    """
    if (kind or kind_of(data)) == "stream":
        _check_spoken(target)
        return _stream(data, source, target, stream)
    document = parse(data)
    kind = kind or kind_of_document(document, source)
    if kind == "request":
        body, drops = translate_request(document, source, target, model, stream)
        return Converted("request", written(body), drops)
    _check_spoken(target)
    if kind == "error":
        error = translate_error(document, ERROR_STATUS, source)
        if error is None:
            raise Malformed("this holds no error")
        return Converted("error", pretty(orjson.loads(write_error(error, target))), Drops())
    return _answer(document, source, target, stream)


def _check_spoken(target: WireFormat) -> None:
    if target not in CLIENT_FORMATS:
        raise Malformed(f"only requests become {target.value}: no client speaks it")


def kind_of(data: bytes) -> Kind | None:
    """What data is, as far as its first bytes tell."""
    return "stream" if data[:1024].lstrip().startswith((b"data:", b"event:", b":")) else None


def kind_of_document(document: Any, source: WireFormat) -> Kind:
    """What a JSON document is."""
    if isinstance(document, dict) and REQUEST_MEMBERS & document.keys() and "output" not in document:
        return "request"
    if source is WireFormat.GEMINI and isinstance(document, dict) and is_wrapped(document):
        return "request"
    if isinstance(document, dict) and document.get("error") and "output" not in document:
        return "error"
    return "answer"


def parse(data: bytes) -> Any:
    """JSON. Raises Malformed."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"this is neither JSON nor server-sent events: {error}") from error


def pretty(document: Any) -> bytes:
    """JSON for people."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def written(body: Any) -> bytes:
    """A request as JSON. Raises InvalidCall."""
    try:
        return pretty(body)
    except TypeError as error:  # orjson reads 1024 levels and writes 254
        raise InvalidCall("the request is nested too deeply to be translated") from error


def _stream(data: bytes, source: WireFormat, target: WireFormat, stream: bool | None) -> Converted:
    asked = Asked(document={"stream_options": {"include_usage": True}})
    if stream is False:
        answer = read_stream(data, source)
        if answer.error is not None:
            return Converted("error", write_error(answer.error, target), asked.drops, answer.error.message)
        return Converted("answer", pretty(orjson.loads(write_answer(answer, target, asked))), asked.drops)
    translator = StreamTranslator(source, target, asked)
    out = translator.feed(data) + translator.end()
    failed = translator.error.message if translator.error is not None else None
    return Converted("stream", out, asked.drops, failed)


def _answer(document: Any, source: WireFormat, target: WireFormat, stream: bool | None) -> Converted:
    asked = Asked(document={"stream_options": {"include_usage": True}})
    answer = read_answer(document, source)
    if answer.error is not None:
        return Converted("error", write_error(answer.error, target), asked.drops, answer.error.message)
    if stream:
        return Converted("stream", stream_answer(document, source, target, asked), asked.drops)
    return Converted("answer", pretty(orjson.loads(write_answer(answer, target, asked))), asked.drops)


__all__ = ["Converted", "InvalidCall", "Malformed", "convert"]
