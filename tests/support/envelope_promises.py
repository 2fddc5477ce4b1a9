"""What ccproxy promises of Code Assist's answers, whatever they are: out of their envelopes, they say the same."""

from __future__ import annotations

import json
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.depth import too_deep
from ccproxy.lightllm.gemini.unwrapping import Unwrapping, unwrapped_body
from ccproxy.lightllm.sse import COMMENT, Frame, Framer
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.support.judges import comparable
from tests.support.promises import USAGE

GEMINI = WireFormat.GEMINI
ERROR = {"error": {"code": 502, "message": "gone", "status": "UNAVAILABLE"}}


def check_unwrapping(client: WireFormat, data: bytes, chunks: list[bytes]) -> None:
    """One stream: for clients of the Gemini API, as events and as an array, and for one of any format, either way."""
    found = framed(data)
    documents = [document_of(given) for _, given in found]
    opened = [bare(document) for document in documents]
    for array in (False, True):
        out, whole = unwrapped(chunks, array)
        assert (out, whole) == unwrapped([data], array)
        if array:
            assert loaded(out) == [one for document in opened for one in objects(document)]
        else:
            check_events(found, opened, framed(out))
        check_failure(chunks, array)
    if all(same_to_readers(frame[1], document) for frame, document in zip(found, documents, strict=True)):
        out, whole = unwrapped(chunks, array=False)
        assert translated(client, data) == translated(client, out)
        assert whole or translated(client, data)[1]


def check_body(data: bytes) -> None:
    """One body."""
    out, document = unwrapped_body(data), document_of(data)
    opened = bare(document)
    if opened == document:
        assert out is data
    else:
        assert loaded(out) == opened


def check_events(given: list[Frame], opened: list[Any], got: list[Frame]) -> None:
    """The same events, but for what is in them."""
    assert [name for name, _ in got] == [name for name, _ in given]
    for (_, before), document, (_, after) in zip(given, opened, got, strict=True):
        assert after == before if document is None else loaded(after) == document


def check_failure(chunks: list[bytes], array: bool) -> None:
    """A stream that breaks off ends in an error that can be read."""
    machine = Unwrapping(array=array)
    out = b"".join(map(machine.feed, chunks[: len(chunks) // 2 + 1])) + machine.fail(ERROR)
    last = loaded(out)[-1] if array else json.loads(framed(out)[-1][1])
    assert last == ERROR


def unwrapped(chunks: list[bytes], array: bool) -> tuple[bytes, bool]:
    """What comes out, and whether it is a whole answer."""
    machine = Unwrapping(array=array)
    return b"".join([*map(machine.feed, chunks), machine.end()]), machine.whole


def translated(client: WireFormat, data: bytes) -> tuple[bytes, bool]:
    """What a client gets, and whether that is an error."""
    translator = StreamTranslator(GEMINI, client, Asked("m-1", USAGE))
    out = translator.feed(data) + translator.end()
    return comparable(out), translator.error is not None


def framed(data: bytes) -> list[Frame]:
    """The events of a stream, and its comments."""
    framer = Framer()
    return [*framer.feed(data), *framer.end()]


def loaded(data: bytes) -> Any:
    """JSON, of whatever bytes its texts are."""
    return json.loads(data.decode("latin-1"), parse_constant=str)


def document_of(data: bytes) -> Any:
    """An object or a list; None for all else."""
    try:
        document = loaded(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def bare(document: Any) -> Any:
    """The answer in an envelope, or those in a list of them."""
    if isinstance(document, list):
        return [bare(one) if isinstance(one, dict) else one for one in document]
    answer = document.get("response") if isinstance(document, dict) else None
    if not isinstance(answer, dict):
        return document
    if document.get("error") and not answer.get("error"):
        return {"error": document["error"]}
    return answer


def objects(document: Any) -> list[Any]:
    """The answers of an event."""
    return [one for one in (document if isinstance(document, list) else [document]) if isinstance(one, dict)]


def same_to_readers(data: bytes, document: Any) -> bool:
    """False for what readers look into more strictly, or more deeply, than who only unwraps it."""
    if data == COMMENT[1] or document is None:
        return True
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    for one in objects(document):
        answer = one.get("response")
        if isinstance(answer, dict) and ("error" in one or "response" in answer):
            return False
    return not too_deep(data)
