"""What ccproxy promises of everything that it is sent, as assertions: whatever comes in, what goes out is in order."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import translate as tr
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.drops import RULES
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import InvalidCall, Malformed
from ccproxy.lightllm.stream_translator import StreamTranslator
from tests.support.judges import body_faults, comparable, error_faults, stream_faults

FORMATS = CLIENT_FORMATS
ASKED = dict.fromkeys(FORMATS, "m-1") | {WireFormat.PERPLEXITY: "perplexity/best"}
"""The model that providers of each format are asked for."""
USAGE: dict[str, Any] = {"stream_options": {"include_usage": True}}
type Options = tuple[bool, dict[str, Any]]
"""Whether a Gemini client wants server-sent events, and what a client asked."""


def ours(provider: WireFormat, client: WireFormat, faults: list[str]) -> list[str]:
    """What ccproxy has to answer for, of what is wrong with an answer.

    A block of the provider's own tools that goes to a client of the same format goes as it is, nonsense too. Arguments
    of a call that stop in the middle have been passed on by the time it shows.
    """
    return [] if provider is client else [fault for fault in faults if not fault.endswith(".input is None")]


def translated(provider: WireFormat, client: WireFormat, chunks: list[bytes], options: Options) -> bytes:
    """What a client gets for a provider's stream: of its format, with an end."""
    sse, document = options
    asked = Asked("m-1", document, sse or client is not WireFormat.GEMINI)
    translator = StreamTranslator(provider, client, asked)
    out = b"".join([*map(translator.feed, chunks), translator.end()])
    assert translator.done
    faults = ours(provider, client, stream_faults(client, out))
    assert faults == [], (faults, out)
    return out


def check_stream(provider: WireFormat, data: bytes, chunks: list[bytes], options: Options) -> None:
    """One stream for clients of all formats; how it is cut makes no difference."""
    for client in FORMATS:
        whole = translated(provider, client, [data], options)
        assert comparable(translated(provider, client, chunks, options)) == comparable(whole)


def check_body(provider: WireFormat, data: bytes) -> None:
    """One body for clients of all formats, as a body and as a stream. `Malformed` says that it is no answer."""
    try:
        document = tr.parsed(data)
        answer = tr.read_answer(document, provider)
    except Malformed:
        return
    for client in FORMATS:
        asked = Asked("m-1", USAGE)
        if answer.error is not None:
            check_error(answer.error, client)
            continue
        whole = tr.write_answer(answer, client, asked)
        assert (faults := ours(provider, client, body_faults(client, whole))) == [], (faults, whole)
        stream = tr.stream_answer(document, provider, client, asked)
        assert (faults := ours(provider, client, stream_faults(client, stream))) == [], (faults, stream)


def check_stream_as_body(provider: WireFormat, data: bytes) -> None:
    """A stream for clients that want the answer in one piece."""
    try:
        answer = tr.read_stream(data, provider)
    except Malformed:
        return
    for client in FORMATS:
        if answer.error is not None:
            check_error(answer.error, client)
            continue
        whole = tr.write_answer(answer, client, Asked("m-1"))
        assert (faults := ours(provider, client, body_faults(client, whole))) == [], (faults, whole)


def check_error(error: WireError, client: WireFormat) -> None:
    """An error in a client's dialect."""
    assert 400 <= error.status < 600
    assert (faults := error_faults(client, tr.write_error(error, client), error.status)) == [], faults


def check_error_body(provider: WireFormat, data: bytes, status: int) -> None:
    """The body of an error for clients of all formats; its status stays."""
    try:
        error = tr.translate_error(tr.parsed(data), status, provider)
    except Malformed:
        return
    if error is not None:
        assert error.status == status
        for client in FORMATS:
            check_error(error, client)


def check_request(client: WireFormat, data: bytes) -> dict[WireFormat, dict[str, Any]]:
    """A request for providers of all formats, by format: none if it was refused. Nothing but `InvalidCall` refuses."""
    try:
        document = tr.parsed(data)
    except Malformed:
        return {}
    out: dict[WireFormat, dict[str, Any]] = {}
    for provider, model in ASKED.items():
        try:
            body, drops = tr.translate_request(document, client, provider, model, False)
        except InvalidCall:
            continue
        out[provider] = orjson.loads(orjson.dumps(body))
        assert {rule.partition(".")[0] for rule in drops.counts} <= RULES.keys()
    return out
